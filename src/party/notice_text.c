// Texts of notices in both languages. Titles are constants; bodies take {name} from the notice's
// params.
#include "party/party_priv.h"

#include <string.h>

struct text {
    const char *kind;
    const char *title_zh, *title_en;
    const char *body_zh, *body_en;
};

static const struct text TEXTS[] = {
    {"wallet.opened", "钱包已开通", "Your wallet is open",
     "您的钱包号是 {number}。现在可以添加银行卡、充值和付款。",
     "Your wallet number is {number}. You can now add a card, top up and pay."},
    {"wallet.upgraded", "钱包已升级", "Your wallet was upgraded",
     "您的钱包现在是 {class} 类，限额更高。钱包号、余额和账单不变。",
     "Your wallet is now class {class} with higher limits. Number, balance and bills stay."},
    {"document.expiring", "证件即将到期", "Your document expires soon",
     "您的证件 {days} 天内到期（{until}）。请在到期前更新证件有效期。",
     "Your document expires within {days} days ({until}). Update its validity before then."},
    {"document.expired", "证件已到期", "Your document has expired",
     "您的证件已于 {until} 到期。余额安全；请换领新证后更新有效期。",
     "Your document expired on {until}. Your balance is safe; update it once you have the new "
     "one."},
    {"session.new", "新的登录", "New log-in",
     "{device} 登录了您的钱包。不是您本人？请立即冻结钱包并修改密码。",
     "{device} logged in. Not you? Freeze the wallet and change the password now."},
    {"password.changed", "登录密码已修改", "Password changed",
     "登录密码已修改，其他设备已退出登录。不是您本人？请立即冻结钱包。",
     "Other devices were logged out. Not you? Freeze the wallet now."},
    {"pin.changed", "支付密码已修改", "PIN changed", "支付密码已修改。不是您本人？请立即冻结钱包。",
     "Your payment PIN was changed. Not you? Freeze the wallet now."},
    {"password.reset", "登录密码已重设", "Password reset",
     "登录密码已通过验证重设，所有设备已退出。{time} 前转出限额较低。不是您本人？请立即冻结钱包。",
     "All devices were logged out. Transfer limits are lower until {time}. Not you? Freeze the "
     "wallet now."},
    {"pin.reset", "支付密码已重设", "PIN reset",
     "支付密码已通过验证重设。{time} 前转出限额较低。不是您本人？请立即冻结钱包。",
     "Transfer limits are lower until {time}. Not you? Freeze the wallet now."},
    {"factor.on", "验证器已开启", "Authenticator on",
     "以后登录需要验证器 App 上的数字。请保管好恢复码。",
     "Logging in now needs a code of your app. Keep the recovery codes."},
    {"factor.removal", "验证器将被关闭", "Authenticator will be turned off",
     "验证器将在 {time} 关闭。不是您本人？请在此之前撤销并修改密码。",
     "It will be off at {time}. Not you? Take it back before then and change the password."},
    {"lock.L01", "登录已锁定", "Log-in locked",
     "因多次输错密码，登录锁定到 {time}，编号 {case}。您的资金安全。",
     "Locked until {time} after wrong passwords, case {case}. Your money is safe."},
    {"lock.L02", "支付密码已锁定", "PIN locked",
     "因多次输错支付密码，付款已锁定，编号 {case}。您仍可收款和查看账单。",
     "Locked after wrong PINs, case {case}. You can still receive and see bills."},
    {"lock.L03", "请确认是不是您在登录", "Is it you who logs in?",
     "{device} 在不常用的地点登录您的钱包，编号 {case}。是您本人请确认，不是请拒绝。",
     "{device} wants to log in from an unusual place, case {case}. Allow it if it is you, else "
     "refuse."},
    {"lock.L04", "转账已暂停", "Transfers paused",
     "有一笔转账需要您确认，转账和提现暂停到 {time}，编号 {case}。未扣款。",
     "A transfer needs your word. Transfers are paused until {time}, case {case}. Not charged."},
    {"lock.L05", "证件已到期", "Your document has expired",
     "证件有效期已过，转账和提现暂停，编号 {case}。上传新证件即可恢复。",
     "Transfers are paused, case {case}. Send the new document to go on."},
    {"lock.L06", "请核对手机号", "Is this number still yours?",
     "您的手机号可能已换人使用，转账和提现暂停，编号 {case}。",
     "Your phone number may belong to somebody else now. Transfers are paused, case {case}."},
    {"lock.L07", "钱包已冻结", "Wallet frozen",
     "您已冻结钱包，编号 {case}。冻结期间仅可收款。解冻请在“安全中心”办理。",
     "You froze the wallet, case {case}. It can only receive. Unfreeze it under Security."},
    {"lock.L08", "付款已暂停", "Payments paused",
     "我们收到一份与您的钱包有关的举报，付款暂停，编号 {case}。您可以说明情况。",
     "We received a report about your wallet. Payments are paused, case {case}. Tell us your "
     "side."},
    {"lock.L09", "付款已暂停", "Payments paused",
     "按有权机关的要求，付款暂停，编号 {case}。机关名称和文号见锁定详情。",
     "An authority ordered it, case {case}. Its name and the document number are on the lock "
     "page."},
    {"lock.L10", "我们的系统出了问题", "A fault on our side",
     "因我们的系统问题，部分功能暂停到 {time}，编号 {case}。很抱歉，到时自动恢复。",
     "Some functions are paused until {time}, case {case}. We are sorry; it ends by itself."},
    {"lock.ended", "锁定已解除", "The lock has ended",
     "编号 {case} 的锁定已解除。建议花一分钟做一次安全检查。",
     "The lock of case {case} is over. Take a minute for a security check-up."},
    {"lock.asked", "资料已收到", "We have your documents", "我们会在 {time} 前处理，编号 {case}。",
     "We decide by {time}, case {case}."},
    {"lock.refused", "暂时不能解除锁定", "The lock stays for now",
     "编号 {case}：资料不足以解除锁定，您可以补充后再次提交。",
     "Case {case}: what you sent is not enough yet. You may add to it and send it again."},
    {"lock.late", "处理已超过期限", "We are late",
     "编号 {case} 未在期限内处理，已自动交给上级负责。很抱歉。",
     "Case {case} missed its deadline and went to the next level by itself. We are sorry."},
    {"unfreeze.planned", "钱包将解冻", "The wallet will be unfrozen",
     "钱包将在 {time} 解冻，编号 {case}。不是您本人？请立即再次冻结，解冻即取消。",
     "The wallet will be unfrozen at {time}, case {case}. Not you? Freeze it again now."},
    {"wallet.frozen", "钱包已冻结", "Wallet frozen", "冻结期间仅可收款。解冻请在“安全中心”办理。",
     "You can only receive while it is frozen. Unfreeze it under Security."},
    {"wallet.unfrozen", "钱包已解冻", "Wallet unfrozen", "付款、转账和提现已恢复。",
     "Payments, transfers and withdrawals work again."},
    {"card.bound", "银行卡已添加", "Card added", "{bank}（尾号 {last4}）已添加。",
     "{bank} card ending {last4} was added."},
    {"card.removed", "银行卡已移除", "Card removed", "{bank}（尾号 {last4}）已移除。",
     "{bank} card ending {last4} was removed."},
    {"money.received", "收到转账", "Money received", "{from} 向您转账 {amount}。",
     "{from} sent you {amount}."},
    {"money.paid", "付款成功", "Payment made", "向 {to} 付款 {amount}。",
     "You paid {amount} to {to}."},
    {"money.refunded", "收到退款", "Refund received", "{from} 退款 {amount}，已退回余额。",
     "{from} refunded {amount} to your balance."},
    {"topup.done", "充值成功", "Top-up done", "{bank}（尾号 {last4}）充值 {amount} 已到账。",
     "{amount} from {bank} card ending {last4} has arrived."},
    {"topup.failed", "充值未成功", "Top-up failed",
     "{bank}（尾号 {last4}）充值 {amount} 未成功，未扣款。",
     "{amount} from {bank} card ending {last4} failed. Not charged."},
    {"withdrawal.done", "提现成功", "Withdrawal done", "{amount} 已转入 {bank}（尾号 {last4}）。",
     "{amount} went to your {bank} card ending {last4}."},
    {"withdrawal.failed", "提现未成功", "Withdrawal failed",
     "{amount} 未能转入 {bank}（尾号 {last4}），已退回余额。",
     "{amount} could not go to {bank} card ending {last4} and is back in your balance."},
    {"maintenance.over", "系统已恢复", "We are back", "维护已结束，您可以从刚才的地方继续。",
     "The maintenance is over; go on where you stopped."},
    {"case.escalated", "您的申请已转交上级", "Your case has moved up",
     "编号 {case} 没有在约定时间内办结，已自动转交上级处理，无需您再次申请。",
     "Case {case} was not finished in time and has moved up by itself. You need not ask again."},
    {"case.service", "服务通知", "Service notice", "{text}", "{text}"},
};

// The value of `name` in "name=value" lines. Returns its size.
static size_t param(const char *params, const char *name, size_t name_size, const char **out)
{
    for (const char *line = params; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        const size_t size = end != NULL ? (size_t)(end - line) : strlen(line);
        if (size > name_size && line[name_size] == '=' && strncmp(line, name, name_size) == 0) {
            *out = line + name_size + 1;
            return size - name_size - 1;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    *out = "";
    return 0;
}

static void fill(struct buffer *out, const char *text, const char *params)
{
    for (const char *at = text; *at != '\0';) {
        const char *open = strchr(at, '{');
        const char *close = open != NULL ? strchr(open, '}') : NULL;
        if (close == NULL) {
            buffer_text(out, at);
            return;
        }
        buffer_append(out, at, (size_t)(open - at));
        const char *value;
        const size_t size = param(params, open + 1, (size_t)(close - open - 1), &value);
        buffer_append(out, value, size);
        at = close + 1;
    }
}

void party_notice_text(const struct party_notice *notice, bool english, struct buffer *title,
                       struct buffer *body)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        const struct text *text = &TEXTS[i];
        if (!text_equal(text->kind, notice->kind))
            continue;
        if (title != NULL)
            buffer_text(title, english ? text->title_en : text->title_zh);
        if (body != NULL)
            fill(body, english ? text->body_en : text->body_zh, notice->params);
        return;
    }
    if (title != NULL)
        buffer_text(title, english ? "Notice" : "通知");
}
