#!/bin/sh
# Plants one bug at a time into a copy of the ledger and runs its table and unit tests: a bug that survives is a hole in them.
# Usage: tools/mutate.sh          ends with "N passed, N failed"; a mutation that no longer applies is a failure too.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
cc=${CC:-cc}
flags="-std=gnu17 -O0 -w -DSOURCE_DIR=\"$root\""
passed=0
failed=0

for test in table/ledger unit/ledger/ledger_unit; do
    name=$(basename "$test")
    # shellcheck disable=SC2086
    $cc $flags -I"$root/src" -c "$root/tests/$test.c" -o "$work/test_$name.o" || exit 1
done
$cc -std=gnu17 -O0 -w -I"$root/src" -c "$root/src/money/money.c" -o "$work/money.o" || exit 1

# build FOLDER: the two test programs with the ledger found there.
build() {
    $cc -std=gnu17 -O0 -w -I"$1" -c "$1/ledger/ledger.c" -o "$1/ledger.o" || return 1
    $cc -o "$1/table" "$work/test_ledger.o" "$1/ledger.o" "$work/money.o" -lcmocka || return 1
    $cc -o "$1/unit" "$work/test_ledger_unit.o" "$1/ledger.o" "$work/money.o" -lcmocka
}

fresh_copy() {
    rm -rf "$work/copy"
    mkdir -p "$work/copy"
    cp -r "$root/src/ledger" "$root/src/money" "$work/copy/"
}

# Without a bug the tests must pass, or killing would mean nothing.
fresh_copy
build "$work/copy" || exit 1
if ! "$work/copy/table" >"$work/out" 2>&1 || ! "$work/copy/unit" >>"$work/out" 2>&1; then
    cat "$work/out"
    echo "the unchanged ledger fails its tests"
    echo "0 passed, 1 failed"
    exit 1
fi

# mutate NAME FILE PERL-SUBSTITUTION: exactly one place must change.
mutate() {
    fresh_copy
    file="$work/copy/$2"
    if ! perl -0777 -i -pe 'BEGIN { $n = 0 } '"\$n += $3"'; END { exit($n == 1 ? 0 : 1) }' "$file"; then
        echo "not planted: $1 (does not match exactly once)"
        failed=$((failed + 1))
        return
    fi
    if ! build "$work/copy" 2>"$work/out"; then
        cat "$work/out"
        echo "not planted: $1 (does not compile)"
        failed=$((failed + 1))
        return
    fi
    if timeout 20 "$work/copy/table" >/dev/null 2>&1 && timeout 20 "$work/copy/unit" >/dev/null 2>&1; then
        echo "SURVIVED: $1"
        failed=$((failed + 1))
    else
        echo "killed: $1"
        passed=$((passed + 1))
    fi
}

L=ledger/ledger.c
M=money/money.h
mutate "zero amount accepted"                   $L 's/transfer->amount < 1\)/transfer->amount < 0)/'
mutate "one accepted only from two"             $L 's/transfer->amount < 1\)/transfer->amount < 2)/'
mutate "amount above the largest accepted"      $L 's/transfer->amount > MONEY_MAX\)/transfer->amount > MONEY_MAX + 1)/'
mutate "largest amount refused"                 $L 's/transfer->amount > MONEY_MAX\)/transfer->amount >= MONEY_MAX)/'
mutate "self-transfer allowed"                  $L 's/transfer->debit == transfer->credit\)/false)/'
mutate "unknown kind below accepted"            $L 's/transfer->kind < LEDGER_POST \|\|/false ||/'
mutate "unknown kind above accepted"            $L 's/transfer->kind > LEDGER_EXPIRE\)/false)/'
mutate "payer not looked at"                    $L 's/in->debit\.id <= 0 \|\| in->debit\.id != transfer->debit/in->debit.id <= 0/'
mutate "payee not looked at"                    $L 's/in->credit\.id <= 0 \|\| in->credit\.id != transfer->credit/in->credit.id <= 0/'
mutate "cross-currency payer allowed"           $L 's/in->debit\.currency != transfer->currency/false/'
mutate "cross-currency payee allowed"           $L 's/in->credit\.currency != transfer->currency/false/'
mutate "overdraft by one"                       $L 's/used > after->debit\.credits_posted\)/used > after->debit.credits_posted + 1)/'
mutate "last fen cannot be spent"               $L 's/used > after->debit\.credits_posted\)/used >= after->debit.credits_posted)/'
mutate "limit on the wrong account"             $L 's/used > after->debit\.credits_posted\)/used > after->credit.credits_posted)/'
mutate "limit by the wrong flag"                $L 's/after->debit\.flags & LEDGER_CREDIT_ONLY/after->debit.flags & LEDGER_DEBIT_ONLY/'
mutate "money on its way can be spent"          $L 's/used > after->debit\.credits_posted\)/used > after->debit.credits_posted + after->debit.credits_pending)/'
mutate "holds do not count as used"             $L 's/money_add\(&used, after->debit\.debits_pending, after->debit\.debits_posted\)/money_add(&used, 0, after->debit.debits_posted)/'
mutate "overpayment by one"                     $L 's/used > after->credit\.debits_posted\)/used > after->credit.debits_posted + 1)/'
mutate "pending repayments do not count"        $L 's/money_add\(&used, after->credit\.credits_pending, after->credit\.credits_posted\)/money_add(&used, 0, after->credit.credits_posted)/'
mutate "credit one fen more"                    $L 's/counter_add\(&state->credit\.credits_posted, amount\)/counter_add(&state->credit.credits_posted, amount + 1)/'
mutate "debit one fen less"                     $L 's/counter_add\(&state->debit\.debits_posted, amount\)/counter_add(&state->debit.debits_posted, amount - 1)/'
mutate "credit goes to the debit counter"       $L 's/counter_add\(&state->credit\.credits_posted, amount\)/counter_add(&state->credit.debits_posted, amount)/'
mutate "hold forgets the payee"                 $L 's/counter_add\(&state->credit\.credits_pending, amount\)/LEDGER_OK/'
mutate "release forgets a side"                 $L 's/counter_take\(&state->credit\.credits_pending, amount\)/LEDGER_OK/'
mutate "release forgets the payer"              $L 's/counter_take\(&state->debit\.debits_pending, amount\)/LEDGER_OK/'
mutate "part capture releases only the part"    $L 's/apply_unpending\(state, state->hold\.amount\)/apply_unpending(state, transfer->amount)/'
mutate "capture posts the whole hold"           $L 's/apply_posted\(state, transfer->amount\);\s*\}\s*\/\/ Judged/apply_posted(state, state->hold.amount);\n}\n\/\/ Judged/'
mutate "capture above the hold allowed"         $L 's/transfer->kind == LEDGER_CAPTURE && transfer->amount > hold->amount/false/'
mutate "capture above the hold by one"          $L 's/transfer->amount > hold->amount\)/transfer->amount > hold->amount + 1)/'
mutate "release of another amount allowed"      $L 's/transfer->kind != LEDGER_CAPTURE && transfer->amount != hold->amount/false/'
mutate "hold captured twice"                    $L 's/if \(hold->state == LEDGER_HOLD_CAPTURED\)/if (false)/'
mutate "released hold captured"                 $L 's/if \(hold->state == LEDGER_HOLD_RELEASED\)/if (false)/'
mutate "expired hold captured"                  $L 's/if \(hold->state != LEDGER_HOLD_OPEN\)/if (false)/'
mutate "capture leaves the hold open"           $L 's/state->hold\.state = LEDGER_HOLD_CAPTURED;//'
mutate "captured amount forgotten"              $L 's/state->hold\.captured = transfer->amount;//'
mutate "expiry one tick early"                  $L 's/transfer->at_us < hold->expires_us\)/transfer->at_us + 1 < hold->expires_us)/'
mutate "expiry not at the deadline"             $L 's/transfer->at_us < hold->expires_us\)/transfer->at_us <= hold->expires_us)/'
mutate "release counted as expiry"              $L 's/transfer->kind == LEDGER_RELEASE \? LEDGER_HOLD_RELEASED : LEDGER_HOLD_EXPIRED/LEDGER_HOLD_EXPIRED/'
mutate "hold of other accounts ended"           $L 's/hold->debit != transfer->debit \|\| hold->credit != transfer->credit \|\|/false ||/'
mutate "hold of another payee ended"            $L 's/hold->credit != transfer->credit \|\|/false ||/'
mutate "hold of another currency ended"         $L 's/hold->currency != transfer->currency\)/false)/'
mutate "hold that does not exist ended"         $L 's/if \(hold->state == LEDGER_HOLD_NONE\)/if (false)/'
mutate "freeze only if both frozen"             $L 's/if \(\(in->debit\.flags & LEDGER_FROZEN_OUT\) != 0\)/if ((in->debit.flags & LEDGER_FROZEN_OUT) != 0 \&\& (in->credit.flags & LEDGER_FROZEN_OUT) != 0)/'
mutate "freeze of the wrong account"            $L 's/in->debit\.flags & LEDGER_FROZEN_OUT/in->credit.flags & LEDGER_FROZEN_OUT/'
mutate "frozen receiver receives"               $L 's/in->credit\.flags & LEDGER_FROZEN_IN/0/'
mutate "frozen for spending cannot receive"     $L 's/in->credit\.flags & LEDGER_FROZEN_IN/in->credit.flags \& (LEDGER_FROZEN_IN | LEDGER_FROZEN_OUT)/'
mutate "closed payer pays"                      $L 's/in->debit\.flags & LEDGER_CLOSED/0/'
mutate "closed payee receives"                  $L 's/in->credit\.flags & LEDGER_CLOSED/0/'
mutate "freeze catches a held payment"          $L 's/begins \? check_permission\(in, transfer\) : check_hold\(&in->hold, transfer\)/(result = check_permission(in, transfer)) != LEDGER_OK || begins ? result : check_hold(\&in->hold, transfer)/'
mutate "hold without a deadline"                $L 's/transfer->kind == LEDGER_HOLD && transfer->expires_us <= transfer->at_us/false/'
mutate "hold due at once"                       $L 's/transfer->expires_us <= transfer->at_us/transfer->expires_us < transfer->at_us/'
mutate "payment with a deadline"                $L 's/transfer->kind == LEDGER_POST && transfer->expires_us != 0/false/'
mutate "hold forgets its deadline"              $L 's/state->hold\.expires_us = transfer->expires_us;//'
mutate "hold forgets its payer"                 $L 's/state->hold\.debit = transfer->debit;//'
mutate "refusal writes its output"              $L 's/if \(result != LEDGER_OK\)\s*return result;\s*(\/\/ From here on)/if (result != LEDGER_OK) {\n*out = after;\nreturn result;\n}\n$1/'
mutate "counter overflow ignored"               $M 's/if \(__builtin_add_overflow\(a, b, &sum\)\)\s*return MONEY_TOO_LARGE;/(void)__builtin_add_overflow(a, b, \&sum);/'
mutate "counter underflow ignored"              $M 's/if \(difference < 0\)\s*return MONEY_NEGATIVE;//'
mutate "overflow of both counters ignored"      $L 's/if \(money_add\(&used, after->debit\.debits_pending, after->debit\.debits_posted\) != MONEY_OK\)\s*return LEDGER_COUNTER_OVERFLOW;/(void)money_add(\&used, after->debit.debits_pending, after->debit.debits_posted);/'
mutate "repetition ignores the amount"          $L 's/if \(stored->amount != wanted->amount\)/if (false)/'
mutate "repetition ignores the payee"           $L 's/if \(stored->credit != wanted->credit\)/if (false)/'
mutate "available ignores holds"                $L 's/ - account->debits_posted - account->debits_pending/ - account->debits_posted/'
mutate "shortfall off by one"                   $L 's/return amount - left;/return amount - left + 1;/'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
