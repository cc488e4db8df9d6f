-- Which sessions ended lately: every process asks, so that none believes an ended session for long.
CREATE INDEX party_session_ended ON party_session (ended_us) WHERE ended_us > 0;
