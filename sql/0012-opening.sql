-- Documents, classes, photos of an opening.
-- Kind of the identity document: 0 none (opened with a phone only), else the order in profile cn-permits. document_until: yyyymmdd,
-- 0 = not asked, 99991231 = long-term. about: birth date and sex, sealed, where the number does not hold them.
-- document_told: the reminders sent so far (days before the end; -1 = that it is over).
ALTER TABLE party_person ADD COLUMN document {INT} NOT NULL DEFAULT 1;
ALTER TABLE party_person ADD COLUMN document_until {INT} NOT NULL DEFAULT 0;
ALTER TABLE party_person ADD COLUMN document_told {INT} NOT NULL DEFAULT 9999;
ALTER TABLE party_person ADD COLUMN about {BLOB};
CREATE INDEX party_person_document ON party_person (document_until) WHERE document_until > 0;

-- face_stage: 0 none, 1 the service is asked for a challenge, 2 the person acts, 3 the service judges. review: 0 none, 1 a person
-- looks at it, 2 approved, 3 refused. upgrade_of: the person whose wallet is upgraded, 0 = a new one. own_us: time the person spent.
ALTER TABLE onboard_application ADD COLUMN wallet_class {INT} NOT NULL DEFAULT 3;
ALTER TABLE onboard_application ADD COLUMN upgrade_of {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN document {INT} NOT NULL DEFAULT 1;
ALTER TABLE onboard_application ADD COLUMN document_until {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN about {BLOB};
ALTER TABLE onboard_application ADD COLUMN face_stage {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN face_session {BLOB};
ALTER TABLE onboard_application ADD COLUMN face_nonce {TEXT} NOT NULL DEFAULT '';
ALTER TABLE onboard_application ADD COLUMN face_actions {TEXT} NOT NULL DEFAULT '';
ALTER TABLE onboard_application ADD COLUMN face_until_us {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN review {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN own_us {INT} NOT NULL DEFAULT 0;
ALTER TABLE onboard_application ADD COLUMN seen_us {INT} NOT NULL DEFAULT 0;
CREATE INDEX onboard_application_decided ON onboard_application (decided_us) WHERE decided_us > 0;

-- Pictures of a face check on their way to the service; deleted when it has judged.
CREATE TABLE onboard_frame (
    number {INT} NOT NULL,
    place {INT} NOT NULL,
    action {TEXT} NOT NULL,
    image {BLOB} NOT NULL,
    at_us {INT} NOT NULL,
    PRIMARY KEY (number, place)
) {STRICT};
CREATE INDEX onboard_frame_at ON onboard_frame (at_us);

-- Photos of documents, sealed. owner: number of an application, which is the person's once it is opened. case_id: zero = of no case.
-- expires_us: 0 = as long as the owner.
CREATE TABLE desk_document (
    id {BLOB} PRIMARY KEY CHECK (length(id) = 16),
    owner {INT} NOT NULL CHECK (owner > 0),
    case_id {BLOB} NOT NULL CHECK (length(case_id) = 16),
    kind {INT} NOT NULL CHECK (kind BETWEEN 1 AND 4),
    image {BLOB} NOT NULL,
    size {INT} NOT NULL CHECK (size > 0),
    width {INT} NOT NULL CHECK (width > 0),
    height {INT} NOT NULL CHECK (height > 0),
    added_us {INT} NOT NULL,
    expires_us {INT} NOT NULL,
    UNIQUE (owner, case_id, kind)
) {STRICT};
CREATE INDEX desk_document_case ON desk_document (case_id);
CREATE INDEX desk_document_expires ON desk_document (expires_us) WHERE expires_us > 0;
