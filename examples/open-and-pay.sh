#!/usr/bin/env bash
# Walks the wallet's main path against a running sandbox with curl: two people open wallets, one binds a bank card, tops up, pays a
# shop by code and by scan, sends money to the other and looks at the bills.
# Usage: examples/open-and-pay.sh [URL]     URL of the wallet [http://localhost:8080]; start one with ./run
# Needs bash, curl and perl. May be run again: who has a wallet already signs in. Ends with exit code 1 at the first answer that is
# not as expected, and shows it. Speaks Chinese when LANG does, else English.
set -u -o pipefail
url=${1:-http://localhost:8080}
case "$url" in -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
url=${url%/}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in zh*) chinese=yes ;; *) chinese= ;; esac
export LC_ALL=C.UTF-8 # a locale that is always there: perl warns about others
step_number=0
step() { # CHINESE ENGLISH
    step_number=$((step_number + 1))
    if [ -n "$chinese" ]; then printf '%2d. %s\n' $step_number "$1"; else printf '%2d. %s\n' $step_number "$2"; fi
}
stop() { # CHINESE ENGLISH
    if [ -n "$chinese" ]; then echo "出错：$1" >&2; else echo "Stopped: $2" >&2; fi
    [ ! -s "$folder/body" ] || { head -c 2000 "$folder/body" >&2; echo >&2; }
    exit 1
}

# json PATH: one value of the JSON on standard input, for example json data.0.name. Absent: nothing, exit 1.
json() {
    perl -CS -e '
        my $path = shift; local $/; my $text = <STDIN>; my @want = split /\./, $path;
        sub value {
            $text =~ /\G\s*/gc;
            if ($text =~ /\G\{/gc) {
                my %h; while ($text !~ /\G\s*\}/gc) { $text =~ /\G[\s,]*/gc; my $k = value(); $text =~ /\G\s*:/gc; $h{$k} = value() } return \%h;
            }
            if ($text =~ /\G\[/gc) { my @a; while ($text !~ /\G\s*\]/gc) { $text =~ /\G[\s,]*/gc; push @a, value() } return \@a }
            if ($text =~ /\G"((?:[^"\\]|\\.)*)"/gcs) {
                my $s = $1; $s =~ s/\\(?:u([0-9a-fA-F]{4})|(.))/defined $1 ? chr hex $1 : $2 eq "n" ? "\n" : $2 eq "t" ? "\t" : $2/ges; return $s;
            }
            $text =~ /\G([-+.\w]+)/gc or die "no JSON\n"; return $1 eq "null" ? undef : $1;
        }
        my $at = value();
        for my $key (@want) { $at = ref $at eq "HASH" ? $at->{$key} : ref $at eq "ARRAY" && $key =~ /^\d+$/ ? $at->[$key] : undef }
        exit 1 unless defined $at && !ref $at; print $at' "$1"
}

# A UUID in version 7: the time, then random bits. One per intention; the same again when an answer was lost.
new_key() {
    perl -MTime::HiRes=time -e '
        open my $in, "<:raw", "/dev/urandom" or die; read $in, my $bytes, 10; my @b = unpack "C10", $bytes;
        $b[0] = 0x70 | $b[0] & 0x0f; $b[2] = 0x80 | $b[2] & 0x3f;
        my $hex = sprintf("%012x", int(time() * 1000)) . join "", map { sprintf "%02x", $_ } @b;
        $hex =~ s/^(.{8})(.{4})(.{4})(.{4})(.{12})$/$1-$2-$3-$4-$5/; print $hex'
}

# The cookies are __Host- and Secure; curl keeps such cookies from plain http, a browser on localhost does not. So they are kept
# by hand: one file per person, NAME=VALUE per line.
cookies_of() {
    [ ! -f "$folder/$1.cookies" ] || paste -sd ';' "$folder/$1.cookies"
}
keep_cookies() {
    local who=$1 line name
    while IFS= read -r line; do
        name=${line%%=*}
        touch "$folder/$who.cookies"
        sed -i "/^$name=/d" "$folder/$who.cookies"
        case "$line" in *Max-Age=0*) ;; *) printf '%s\n' "${line%%;*}" >>"$folder/$who.cookies" ;; esac
    done < <(tr -d '\r' <"$folder/head" | sed -n 's/^[Ss]et-[Cc]ookie: //p')
}

# call WHO METHOD PATH [BODY [KEY]]: sets $status; the answer stands in $folder/body.
call() {
    local who=$1 method=$2 path=$3 body=${4:-} key=${5:-} cookies
    local options=(-sS --max-time 30 -o "$folder/body" -D "$folder/head" -w '%{http_code}' -X "$method")
    [ -z "$body" ] || options+=(-H 'Content-Type: application/json' --data-binary "$body")
    [ -z "$key" ] || options+=(-H "Idempotency-Key: $key")
    cookies=$(cookies_of "$who")
    [ -z "$cookies" ] || options+=(-H "Cookie: $cookies")
    [ "$who" != till ] || options+=(-H "Authorization: Bearer $merchant_key")
    : >"$folder/body"
    status=$(curl "${options[@]}" "$url$path") || stop "$url 没有应答" "no answer from $url"
    keep_cookies "$who"
}
# ask STATUS WHO METHOD PATH …: as call, and the status must be this one.
ask() {
    local expected=$1
    shift
    call "$@"
    [ "$status" = "$expected" ] || stop "$2 $3 返回 $status，应为 $expected" "$2 $3 answered $status instead of $expected"
}
answer() { # PATH
    json "$1" <"$folder/body" || stop "应答里没有 $1" "the answer has no $1"
}
# until_state WHO PATH FIELD GOOD BAD: asks again until FIELD is GOOD; half a minute at most.
until_state() {
    local state end=$((SECONDS + 30))
    while [ $SECONDS -lt $end ]; do
        ask 200 "$1" GET "$2"
        state=$(answer "$3") || exit 1
        [ "$state" != "$4" ] || return 0
        case " $5 " in *" $state "*) stop "$2 的状态是 $state" "$2 is $state" ;; esac
        sleep 0.2
    done
    stop "$2 半分钟后仍是 $state" "$2 is still $state after half a minute"
}
codes_to() { # PHONE: the codes on that phone, newest first
    ask 200 nobody GET "/sandbox/api/messages?phone=$1"
    perl -0ne 'print "$_\n" for grep { defined } /验证码 (\d{6})|(\d{6}) is your code/g' "$folder/body"
}
# new_code PHONE KNOWN: sets $code to the first code that is not among the known ones.
new_code() {
    local end=$((SECONDS + 30)) each
    while [ $SECONDS -lt $end ]; do
        for each in $(codes_to "$1"); do
            case " $2 " in *" $each "*) ;; *) code=$each; return 0 ;; esac
        done
        sleep 0.2
    done
    stop "$1 没有收到验证码" "no code came to $1"
}
money() { printf '{"value":"%s","currency":"CNY"}' "$1"; }
balance_of() {
    ask 200 "$1" GET /api/v1/wallet
    answer balances.0.available.value
}

# open_wallet WHO: with the data of the play person in $WHO_name …
open_wallet() {
    local who=$1 known current=/api/v1/applications/current
    local -n name=${who}_name id_number=${who}_id_number phone=${who}_phone password=${who}_password pin=${who}_pin
    call "$who" POST /api/v1/sessions "{\"login\":\"$phone\",\"password\":\"$password\"}"
    if [ "$status" = 201 ]; then
        step "$name 已有钱包，直接登录" "$name has a wallet already and signs in"
        return
    fi
    step "$name 同意条款，填写姓名和证件号" "$name agrees to the terms and gives name and ID number"
    ask 201 "$who" POST /api/v1/applications "{\"terms_version\":\"$terms\",\"consent_terms\":true,\"consent_face\":true}"
    ask 200 "$who" PUT $current/identity "{\"name\":\"$name\",\"id_number\":\"$id_number\"}"
    known=$(codes_to "$phone" | paste -sd ' ')
    ask 202 "$who" POST $current/phone "{\"phone\":\"$phone\"}"
    new_code "$phone" "$known"
    step "短信验证码 $code 到达 $phone" "the code $code reaches $phone"
    ask 200 "$who" POST $current/phone/verify "{\"code\":\"$code\"}"
    ask 202 "$who" POST $current/face '{}'
    until_state "$who" $current face.state passed failed
    step '人脸核验通过，设置登录密码和支付密码' 'the face check passes; log-in password and payment PIN are set'
    ask 200 "$who" PUT $current/password "{\"password\":\"$password\"}"
    ask 200 "$who" PUT $current/pin "{\"pin\":\"$pin\"}"
    ask 202 "$who" POST $current/submit '{}'
    until_state "$who" $current state opened refused
    ask 201 "$who" POST $current/enter '{}'
    step "钱包已开通，钱包号 $(answer user.wallet_number)" "the wallet is open, number $(answer user.wallet_number)"
}

# bind_card WHO: sets $card_id.
bind_card() {
    local who=$1 known
    local -n phone=${who}_phone card_number=${who}_card
    ask 200 "$who" GET /api/v1/cards
    if card_id=$(json data.0.id <"$folder/body") && [ "$(json data.0.state <"$folder/body")" = bound ]; then
        step '银行卡已绑定' 'a bank card is bound already'
        return
    fi
    known=$(codes_to "$phone" | paste -sd ' ')
    ask 202 "$who" POST /api/v1/cards "{\"card_number\":\"$card_number\",\"phone\":\"$phone\"}" "$(new_key)"
    card_id=$(answer id) || exit 1
    until_state "$who" "/api/v1/cards/$card_id" state awaiting_code failed
    new_code "$phone" "$known"
    ask 202 "$who" POST "/api/v1/cards/$card_id/confirm" "{\"code\":\"$code\"}"
    until_state "$who" "/api/v1/cards/$card_id" state bound failed
    step "银行卡尾号 ${card_number: -4} 已绑定" "the bank card ending in ${card_number: -4} is bound"
}

merchant_key=
ask 200 nobody GET /api/v1/meta
[ "$(answer environment)" = sandbox ] || stop "$url 不是沙盒" "$url is no sandbox"
terms=$(answer terms.version) || exit 1
ask 200 nobody GET /sandbox/api/people
take_person() { # WHO NUMBER: the NUMBER-th play person that had no wallet at the start
    local who=$1 i wanted=$2 field
    for i in $(seq 0 15); do
        [ "$(json "data.$i.opened" <"$folder/body")" = false ] || continue
        wanted=$((wanted - 1))
        [ $wanted = 0 ] || continue
        for field in name id_number phone password pin; do
            printf -v "${who}_$field" %s "$(answer "data.$i.$field")"
        done
        printf -v "${who}_card" %s "$(answer "data.$i.cards.0.card_number")"
        return
    done
    stop '沙盒里没有足够的虚构人物' 'the sandbox has too few play people'
}
take_person payer 1
take_person friend 2
ask 200 nobody GET /sandbox/api/shop
merchant_key=$(answer merchant_key) || exit 1
shop=$(answer name) || exit 1
static_code=$(answer static_qr_text) || exit 1

open_wallet payer
open_wallet friend
bind_card payer

# shellcheck disable=SC2154
pin=$payer_pin
before=$(balance_of payer) || exit 1
ask 202 payer POST /api/v1/topups "{\"card_id\":\"$card_id\",\"amount\":$(money 50.00),\"pin\":\"$pin\"}" "$(new_key)"
operation=$(answer id) || exit 1
until_state payer "/api/v1/operations/$operation" state succeeded 'failed closed'
step "充值 50.00 元到账，余额 $before → $(balance_of payer)" "50.00 yuan are topped up, balance $before -> $(balance_of payer)"

ask 201 payer POST /api/v1/paycodes '{}'
digits=$(answer digits) || exit 1
ask 201 till POST /api/v1/merchant/charges "{\"paycode\":\"$digits\",\"amount\":$(money 8.50),\"order_text\":\"拿铁\"}" "$(new_key)"
operation=$(answer id) || exit 1
if [ "$(answer state)" = awaiting_user ]; then
    ask 200 payer POST "/api/v1/operations/$operation/confirm" "{\"pin\":\"$pin\"}"
fi
until_state payer "/api/v1/operations/$operation" state succeeded 'failed closed'
step "$shop 扫付款码 ${digits:0:4}…，收款 8.50 元" "$shop scans the payment code ${digits:0:4}… and takes 8.50 yuan"

ask 200 payer POST /api/v1/scan "{\"text\":\"$static_code\"}"
token=$(answer token) || exit 1
key=$(new_key)
pay="{\"token\":\"$token\",\"amount\":$(money 3.60),\"pin\":\"$pin\"}"
ask 201 payer POST /api/v1/payments "$pay" "$key"
operation=$(answer id) || exit 1
step "扫 $shop 的收款码，支付 3.60 元" "$shop's code is scanned, 3.60 yuan are paid"
paid=$(balance_of payer) || exit 1
ask 201 payer POST /api/v1/payments "$pay" "$key"
[ "$(answer id)" = "$operation" ] && [ "$(balance_of payer)" = "$paid" ] || stop '重复的请求又扣了款' 'a repeated request moved money again'
step '同一请求再发一次：应答相同，没有重复扣款' 'the same request once more: the same answer, nothing is paid twice'

# shellcheck disable=SC2154
ask 200 payer POST /api/v1/payees/find "{\"phone\":\"$friend_phone\"}"
payee=$(answer payee_id) || exit 1
friend_before=$(balance_of friend) || exit 1
ask 201 payer POST /api/v1/transfers "{\"payee_id\":\"$payee\",\"amount\":$(money 20.00),\"pin\":\"$pin\",\"memo\":\"午饭\"}" "$(new_key)"
friend_after=$(balance_of friend) || exit 1
# shellcheck disable=SC2154
step "向 $friend_name 转账 20.00 元，对方余额 $friend_before → $friend_after" "20.00 yuan go to $friend_name, whose balance moves $friend_before -> $friend_after"

after=$(balance_of payer) || exit 1
perl -e 'my ($before, $after) = map { s/\.//r } @ARGV; exit($after - $before == 5000 - 850 - 360 - 2000 ? 0 : 1)' "$before" "$after" ||
    stop "余额 $before → $after 与流水不符" "the balance $before -> $after does not match the payments"
ask 200 payer GET '/api/v1/bills?limit=4'
step "最近账单（余额 $after）：" "the latest bills (balance $after):"
for i in 0 1 2 3; do
    printf '      %s  %-9s %-3s %8s\n' "$(answer "data.$i.created_at")" "$(answer "data.$i.kind")" "$(answer "data.$i.direction")" \
        "$(answer "data.$i.amount.value")"
done
for who in payer friend; do
    call $who DELETE /api/v1/sessions/current
    [ "$status" = 204 ] || stop "退出登录返回 $status" "log-out answered $status"
    call $who GET /api/v1/wallet
    [ "$status" = 401 ] || stop '退出后仍能查看钱包' 'the wallet answers after log-out'
done
step '两人都已安全退出' 'both have signed out'
