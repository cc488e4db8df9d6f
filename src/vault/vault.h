// vault: every use of a key — sealing personal data, exact-search hashes, password and PIN hashes,
// tokens, signatures. One master key from a file; each use has a subkey of its own (libsodium
// crypto_kdf), so that no output can stand in for another. No SQL. All functions are thread-safe
// once vault_load has returned.
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/base.h"

// --- the key file -------------------------------------------------------------------------------

struct vault;

struct vault_options {
    const char *data_folder;  // holds keys/master.key
    const struct env *env;    // entropy of nonces, salts and a new master key
    uint32_t hash_threads;    // 0 = half the cores, at least 1; more than half the cores is cut
    uint32_t hash_queue;      // waiting hash jobs, of PINs and of the rest each; 0 = 64
    bool fast_hash_for_tests; // the least memory and passes that Argon2id allows; never in
                              // production
};

// Reads DATA/keys/master.key (32 bytes, mode 0400, owned by us); makes it when absent, folder mode
// 0700. Starts the hash pool. Returns OK; CODE_INTERNAL when the file cannot be made or read, has
// another size, or others can read it (logged).
enum code vault_load(struct vault **out, const struct vault_options *options);
// Finishes running hash jobs, answers waiting ones with CODE_BUSY, wipes the keys.
void vault_free(struct vault **vault);

// --- sealed personal data: XChaCha20-Poly1305
// -----------------------------------------------------

#define VAULT_SEAL_OVERHEAD 41u // key id (1), nonce (24), tag (16)

// Seals `size` bytes into `out` (size + VAULT_SEAL_OVERHEAD bytes). `context` is "table.column"; it
// and `owner` (row id) are authenticated, so that a value copied to another row or column does not
// open. Returns the sealed size.
size_t vault_seal(const struct vault *vault, uint8_t *out, const char *context, int64_t owner,
                  const void *plain, size_t size);
// Opens into `out` (sealed_size − overhead bytes). Returns OK, or CODE_INTERNAL: damaged, other
// context, owner or key (logged).
enum code vault_open(const struct vault *vault, void *out, const char *context, int64_t owner,
                     const void *sealed, size_t sealed_size);
// The same for a text: NUL-terminated into `out`; CODE_INTERNAL also when it does not fit. A
// NULL/empty sealed value opens to "".
enum code vault_open_text(const struct vault *vault, char *out, size_t capacity,
                          const char *context, int64_t owner, const void *sealed,
                          size_t sealed_size);

// --- keyed hashes
// -----------------------------------------------------------------------------------

struct vault_hash {
    uint8_t bytes[32];
};
// What a search hash is of: each has its own subkey. The value must be normalised by the caller.
enum vault_search {
    VAULT_SEARCH_PHONE = 1,
    VAULT_SEARCH_ID_NUMBER,
    VAULT_SEARCH_CARD,
    VAULT_SEARCH_LOGIN
};
// Keyed BLAKE2b-256 of a text, for exact search and uniqueness without storing the value.
struct vault_hash vault_search_hash(const struct vault *vault, enum vault_search what,
                                    const char *value);

#define VAULT_TOKEN_TEXT 44 // 43 characters base64url of 256 random bits, and NUL
enum vault_token {
    VAULT_TOKEN_SESSION = 1,
    VAULT_TOKEN_DRAFT,
    VAULT_TOKEN_MERCHANT,
    VAULT_TOKEN_OPERATOR,
    VAULT_TOKEN_SETUP,
    VAULT_TOKEN_RESET,
};
// A new opaque token. Only its hash is stored.
void vault_token_new(const struct vault *vault, char out[VAULT_TOKEN_TEXT]);
struct vault_hash vault_token_hash(const struct vault *vault, enum vault_token kind,
                                   const char *token);
// One-time code, bound to its challenge. Compare with mem_equal_secret.
struct vault_hash vault_code_hash(const struct vault *vault, const struct id *challenge,
                                  const char *code);

// --- devices, places, statements
// ----------------------------------------------------------------------

// Of the cookie of a browser, and of an address class: only these are stored.
struct vault_hash vault_device_hash(const struct vault *vault, const char *token);
struct vault_hash vault_place_hash(const struct vault *vault, const char *place);

// Statements that others can check without us: Ed25519 (RFC 8032), key made from the master key,
// texts base64url without padding.
#define VAULT_STATEMENT_KEY_TEXT 44 // 32 bytes, with NUL
#define VAULT_STATEMENT_TEXT 87     // 64 bytes, with NUL
void vault_statement_key(const struct vault *vault, char out[VAULT_STATEMENT_KEY_TEXT]);
void vault_statement_sign(const struct vault *vault, const char *statement,
                          char out[VAULT_STATEMENT_TEXT]);
bool vault_statement_valid(const struct vault *vault, const char *statement, const char *signature);

// --- signatures (short keyed MACs as text)
// ------------------------------------------------------------

enum vault_sign { VAULT_SIGN_QR = 1, VAULT_SIGN_CURSOR, VAULT_SIGN_PAYEE, VAULT_SIGN_RECEIPT };
// `characters` (8 … 52) base32 characters (Crockford, lower case, 5 bits each) and NUL into `out`.
void vault_sign_text(const struct vault *vault, enum vault_sign purpose, const void *message,
                     size_t size, char *out, size_t characters);
// Constant time; the length of `signature` must equal `characters`.
bool vault_sign_valid(const struct vault *vault, enum vault_sign purpose, const void *message,
                      size_t size, const char *signature, size_t characters);
// Sealed opaque text for ids that must not be readable (payee_id, cursors): base64url of a sealed
// value bound to `context`. `out` holds VAULT_OPAQUE_TEXT(size) bytes.
#define VAULT_OPAQUE_TEXT(size) ((((size) + VAULT_SEAL_OVERHEAD) * 4 + 2) / 3 + 1)
void vault_opaque_make(const struct vault *vault, char *out, const char *context, int64_t owner,
                       const void *plain, size_t size);
// False: not made by us for this context and owner, or another size than `size`.
bool vault_opaque_open(const struct vault *vault, void *out, size_t size, const char *context,
                       int64_t owner, const char *text);

// --- passes: sealed under a key that this process does not keep (hand-over, branch ticket)
// ------------------------

enum {
    VAULT_PASS_KEY = 32,
    VAULT_PASS_KEY_TEXT = 44,  // base64url, with NUL
    VAULT_PASS_OVERHEAD = 40,  // nonce (24), tag (16)
    VAULT_BRANCH_WRAPPED = 80, // a key sealed to the branch
};
void vault_pass_key_new(const struct vault *vault, uint8_t out[VAULT_PASS_KEY]);
// XChaCha20-Poly1305; the pass's id is authenticated. `out`: size + VAULT_PASS_OVERHEAD bytes.
size_t vault_pass_seal(const struct vault *vault, uint8_t *out, const uint8_t key[VAULT_PASS_KEY],
                       const struct id *pass, const void *plain, size_t size);
// False: another key, another pass, damaged. `out`: sealed_size − VAULT_PASS_OVERHEAD bytes.
bool vault_pass_open(void *out, const uint8_t key[VAULT_PASS_KEY], const struct id *pass,
                     const void *sealed, size_t sealed_size);
// Of a typed code (normalised by the caller): by which hash it is found, which key it stands for.
struct vault_hash vault_pass_code_hash(const struct vault *vault, const char *code);
void vault_pass_code_key(const struct vault *vault, const char *code, uint8_t out[VAULT_PASS_KEY]);
void vault_pass_key_text(const uint8_t key[VAULT_PASS_KEY], char out[VAULT_PASS_KEY_TEXT]);
bool vault_pass_key_parse(uint8_t out[VAULT_PASS_KEY], const char *text);
// A key sealed to the branch's key pair (X25519 sealed box). False: not one of ours.
void vault_branch_wrap(const struct vault *vault, uint8_t out[VAULT_BRANCH_WRAPPED],
                       const uint8_t key[VAULT_PASS_KEY]);
bool vault_branch_unwrap(const struct vault *vault, uint8_t out[VAULT_PASS_KEY],
                         const void *wrapped, size_t size);

// --- passwords and PINs: passwords in NFKC; keyed prehash, then Argon2id (19 MiB, 2 passes, 1
// lane)
// ------------------------ A bounded pool does all hashing: a flood of log-ins takes its share of
// the processor and no more. Full queue = CODE_BUSY.

#define VAULT_SECRET_MAX 256u // bytes of a password
#define VAULT_STORED_TEXT 136 // of a stored hash, with NUL
enum vault_secret { VAULT_PASSWORD = 1, VAULT_PIN };

// Blocking variants, for worker threads and tools (never an I/O or committer thread).
// Returns OK; CODE_BUSY (retry later); CODE_REQUEST_INVALID when the secret is too long.
enum code vault_password_hash(struct vault *vault, enum vault_secret kind, const char *secret,
                              char out[VAULT_STORED_TEXT]);
// Out: whether it matches. `stored` NULL or "" compares with a dummy that never matches, at the
// same cost. *out_rehash (may be NULL): matches, but was made with older parameters or key.
enum code vault_password_verify(struct vault *vault, enum vault_secret kind, const char *secret,
                                const char *stored, bool *out_match, bool *out_rehash);

struct vault_hash_job {
    enum { VAULT_JOB_VERIFY, VAULT_JOB_MAKE } type;
    enum vault_secret kind;
    char secret[VAULT_SECRET_MAX + 1]; // copied by submit, the copy is wiped after use
    char stored[VAULT_STORED_TEXT];    // VERIFY: in; MAKE: out
    bool match;
    bool rehash;
    enum code code; // OK, or CODE_BUSY when the vault was stopped before
    // On a pool thread, once. `job` is only valid during the call. Must not block.
    void (*done)(struct vault_hash_job *job);
    void *user;
};
// Queues a copy of `job`. Returns OK or CODE_BUSY (queue full; done is not called).
enum code vault_hash_submit(struct vault *vault, const struct vault_hash_job *job);
// Jobs that reached the hash function since the start: for metrics and for tests of try counters.
int64_t vault_hash_count(const struct vault *vault);
// Hash jobs that wait for a thread now.
int64_t vault_hash_waiting(const struct vault *vault);

#endif
