// rooms: pay guard party vault books ledger money db base
// What a scanned text is, and the ids of tills' charges: what strangers may bring.
#include "unit/small_world.h"

#include "pay/pay.h"

static const char PUBLIC_URL[] = "https://wallet.example.org";
static struct small *world;
static struct pay_world rules;

static int set_up(void **state)
{
    log_set_level(LOG_ERROR + 1);
    world = mem_alloc(sizeof *world);
    small_open(world, NULL);
    rules = (struct pay_world){world->profiles, world->vault, &small_env};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_close(world);
    mem_free(world);
    return 0;
}

// --- scanned texts ---

// The host that is shown is the one that would be visited. AB-08
static void shows_the_host_that_would_be_visited(void **state)
{
    static const struct {
        const char *text, *host; // "" = no address: only a text
    } rows[] = {
        {"https://example.com/pay?x=1", "example.com"},
        {"http://example.com:8080#a", "example.com:8080"},
        {"https://wallet.example.org@evil.example/q/m/1/2", "evil.example"},
        {"https://wallet.example.org:443@evil.example", "evil.example"},
        {"https://a@b@evil.example/", "evil.example"},
        {"https://evil.example\\@wallet.example.org/", "evil.example"},
        {"https://wallet.example.org.evil.example/q/", "wallet.example.org.evil.example"},
        {"https://\xE2\x80\xAEgro.live", ""}, // turned around
        {"https://", ""},
        {"https:///path", ""},
        {"https://user@", ""},
        {"javascript:alert(1)", ""},
        {"JAVASCRIPT://example.com/%0aalert(1)", ""},
        {"data:text/html,x", ""},
        {"intent://example.com", ""},
        {"HTTPS://Example.COM/PAY", "example.com"},
        {" https://example.com", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pay_scan scan;
        assert_int_equal(pay_scan_read(&scan, &rules, PUBLIC_URL, rows[i].text), OK);
        assert_int_equal(scan.kind, rows[i].host[0] != '\0' ? PAY_SCAN_URL : PAY_SCAN_TEXT);
        if (rows[i].host[0] != '\0')
            assert_string_equal(scan.host, rows[i].host);
    }
}

// Other wallets' codes are named, whether digits, a scheme or an address; what only looks like them
// is not.
static void other_wallets_are_named(void **state)
{
    static const struct {
        const char *text, *issuer; // "" = nobody's that is known
    } rows[] = {
        {"130000000000000000", "wechat"},
        {"280000000000000000", "alipay"},
        {"6212345678901234567", "unionpay"},
        {"https://qr.alipay.com/fkx0abc", "alipay"},
        {"HTTPS://QR.ALIPAY.COM/FKX0ABC", "alipay"},
        {"https://qr.alipay.com?x=1", "alipay"},
        {"alipays://platformapi/startapp?saId=1", "alipay"},
        {"wxp://f2f0abc", "wechat"},
        {"WXP://F2F0ABC", "wechat"},
        {"weixin://wxpay/bizpayurl?pr=1", "wechat"},
        {"https://u.wechat.com/abc", "wechat"},
        {"https://qr.95516.com/00010000/1", "unionpay"},
        {"http://qr.95516.com/00010000/1", "unionpay"},
        {"00020101021129300012D156000000000510A93FO3230Q3128", "emv"},
        {"https://qr.alipay.com.evil.example/fkx0abc", ""},
        {"https://xqr.alipay.com/fkx0abc", ""},
        {"https://qr.alipay.com@evil.example/", ""},
        {"https://evil.example/?https://qr.alipay.com/", ""},
        {"https://evil.example/wxp://f2f0", ""},
        {"https://qr.alipay.com:8443/fkx0abc", ""},
        {"https://qr.alipay.com./", ""},
        {"wxp:f2f0abc", ""},
        {"xwxp://f2f0abc", ""},
        {" wxp://f2f0abc", ""},
        {"qr.alipay.com", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pay_scan scan;
        assert_int_equal(pay_scan_read(&scan, &rules, PUBLIC_URL, rows[i].text), OK);
        assert_int_equal(scan.kind == PAY_SCAN_FOREIGN, rows[i].issuer[0] != '\0');
        assert_string_equal(scan.issuer != NULL ? scan.issuer : "", rows[i].issuer);
    }
}

// Of a code of ours no letter may change, and no other kind may be read into it. AB-07
static void a_changed_code_is_no_code(void **state)
{
    char text[PAY_TOKEN_TEXT], changed[PAY_TOKEN_TEXT];
    struct pay_token token = {.kind = PAY_TOKEN_RECEIVE, .amount = 1234}, read;
    (void)state;
    memcpy(token.number, "880000000000000", 15);
    token.number[15] = text_luhn(token.number, 15);
    pay_token_make(world->vault, &token, text);
    assert_int_equal(pay_token_read(&read, world->vault, text), OK);
    assert_int_equal(read.amount, 1234);
    for (size_t i = 0; text[i] != '\0'; i++)
        for (int bit = 0; bit < 7; bit++) {
            memcpy(changed, text, sizeof changed);
            changed[i] = (char)(changed[i] ^ (1 << bit));
            assert_int_equal(pay_token_read(&read, world->vault, changed), CODE_QR_INVALID);
        }
    for (size_t size = 0; size < strlen(text); size++) {
        memcpy(changed, text, size);
        changed[size] = '\0';
        assert_int_equal(pay_token_read(&read, world->vault, changed), CODE_QR_INVALID);
    }
    static const char *const foreign[] = {"", "/", "//", "m/", "m//", "r/1/2/3/4/5", "o/zz/AAAA"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_int_equal(pay_token_read(&read, world->vault, foreign[i]), CODE_QR_INVALID);
}

// --- charges ---

static void render(struct pay_charge_request *request)
{
    request->answer = (struct guard_answer){200, "{}", 2};
}

static enum code charge(int64_t merchant, uint8_t key, const char *digits,
                        struct pay_charge_request *out)
{
    *out = (struct pay_charge_request){.world = &rules,
                                       .merchant = merchant,
                                       .merchant_account = 1,
                                       .digits = digits,
                                       .amount = 100,
                                       .order_text = "",
                                       .render = render};
    memset(out->request.key.bytes, key, sizeof out->request.key.bytes);
    out->request.actor = -merchant;
    out->request.route = 10;
    small_begin(world);
    const enum code code = pay_charge_run(world->db, &out->change);
    return small_end(world, code == OK || out->change.keep ? OK : code) == OK ? code : code;
}

static void put_charge(uint8_t key, int64_t merchant)
{
    struct id id;
    memset(id.bytes, key, sizeof id.bytes);
    const struct db_value values[] = {db_id(&id), db_int(merchant)};
    small_begin(world);
    assert_int_equal(
        db_exec(world->db,
                "INSERT INTO pay_charge (id, merchant, merchant_account, person, account, amount, "
                "currency, order_text, state, refusal, journal_seq, created_us, expires_us, "
                "finished_us) VALUES ($1, $2, 1, 1, 1, 100, 1, '', 5, '', 0, 1, 1, 1)",
                values, 2, NULL),
        OK);
    assert_int_equal(small_end(world, OK), OK);
}

// The key of another till's charge: a conflict, said before the customer's code is used up; not a
// broken statement that leaves the till in doubt.
static void a_foreign_charge_id_is_a_conflict(void **state)
{
    struct pay_charge_request request;
    struct pay_code code;
    (void)state;
    put_charge(0x77, 1);
    small_begin(world);
    assert_int_equal(pay_code_new(&code, world->db, &rules, 4711, 1, false), OK);
    assert_int_equal(small_end(world, OK), OK);
    assert_int_equal(charge(2, 0x77, code.digits, &request), CODE_CONFLICT_IDEMPOTENCY);
    // The code is unused: a charge with its own id gets further (there is no such account here).
    assert_int_not_equal(charge(2, 0x78, code.digits, &request), CODE_CODE_USED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_the_host_that_would_be_visited),
        TEST(other_wallets_are_named),
        TEST(a_changed_code_is_no_code),
        TEST(a_foreign_charge_id_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
