import { nextTick } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { t, type Key } from '@kit/i18n/t.ts'
import HomePage from './pages/HomePage.vue'
import { loadApplication, loadMe, me } from './store.ts'

declare module 'vue-router' {
  interface RouteMeta {
    title: Key
    /** Open to people who are not logged in. */
    free?: boolean
    tab?: 'home' | 'bills' | 'wealth' | 'me'
  }
}

const open = () => import('./areas/open.ts')
const pay = () => import('./areas/pay.ts')
const bank = () => import('./areas/bank.ts')
const bills = () => import('./areas/bills.ts')
const mine = () => import('./areas/me.ts')
const help = () => import('./areas/help.ts')
const trouble = () => import('./areas/trouble.ts')
const lock = () => import('./areas/lock.ts')

type Row = [path: string, name: string, title: Key, component: RouteRecordRaw['component']]

const free: Row[] = [
  ['/welcome', 'welcome', 'welcome.title', () => open().then((m) => m.WelcomePage)],
  ['/login', 'login', 'login.title', () => open().then((m) => m.LoginPage)],
  ['/open', 'open', 'open.title', () => open().then((m) => m.OpenPage)],
  ['/open/terms', 'open-terms', 'terms.title', () => open().then((m) => m.TermsPage)],
  ['/open/identity', 'open-identity', 'identity.title', () => open().then((m) => m.IdentityPage)],
  ['/open/phone', 'open-phone', 'phone.title', () => open().then((m) => m.PhonePage)],
  ['/open/face', 'open-face', 'face.title', () => open().then((m) => m.FacePage)],
  ['/open/password', 'open-password', 'password.title', () => open().then((m) => m.PasswordPage)],
  ['/open/pin', 'open-pin', 'pinset.title', () => open().then((m) => m.PinPage)],
  ['/open/review', 'open-review', 'review.title', () => open().then((m) => m.ReviewPage)],
  ['/open/status', 'open-status', 'status.title', () => open().then((m) => m.StatusPage)],
  ['/open/ticket', 'open-ticket', 'ticket.title', () => trouble().then((m) => m.TicketPage)],
  ['/open/handover', 'open-handover', 'handover.title', () => trouble().then((m) => m.HandoverPage)],
  ['/open/continue', 'open-continue', 'continue.title', () => trouble().then((m) => m.ContinuePage)],
  ['/open/diagnosis', 'open-diagnosis', 'diagnosis.title', () => trouble().then((m) => m.DiagnosisPage)],
  ['/help/diagnosis', 'help-diagnosis', 'diagnosis.title', () => trouble().then((m) => m.DiagnosisPage)],
  ['/maintenance', 'maintenance', 'maintenance.title', () => trouble().then((m) => m.MaintenancePage)],
  ['/unlock', 'unlock', 'unlock.title', () => lock().then((m) => m.UnlockPage)],
  ['/help', 'help', 'help.title', () => help().then((m) => m.HelpPage)],
  ['/help/faq/:slug', 'help-faq', 'help.title', () => help().then((m) => m.HelpArticlePage)],
  ['/help/:slug', 'help-article', 'help.title', () => help().then((m) => m.HelpArticlePage)],
  ['/settings', 'settings', 'settings.title', () => help().then((m) => m.SettingsPage)],
  ['/settings/terms', 'settings-terms', 'terms.title', () => help().then((m) => m.TermsTextPage)],
  ['/offline', 'offline', 'offline.title', () => help().then((m) => m.OfflinePage)],
]

const own: Row[] = [
  ['/scan', 'scan', 'scan.title', () => pay().then((m) => m.ScanPage)],
  ['/q/:rest(.*)', 'scan-link', 'scan.title', () => pay().then((m) => m.ScanLinkPage)],
  ['/code', 'code', 'code.title', () => pay().then((m) => m.CodePage)],
  ['/receive', 'receive', 'receive.title', () => pay().then((m) => m.ReceivePage)],
  ['/pay', 'pay', 'pay.title', () => pay().then((m) => m.PayPage)],
  ['/transfer', 'transfer', 'transfer.title', () => pay().then((m) => m.TransferPage)],
  ['/transfer/amount', 'transfer-amount', 'transfer.title', () => pay().then((m) => m.TransferAmountPage)],
  ['/result/:id', 'result', 'bill.title', () => pay().then((m) => m.ResultPage)],
  ['/topup', 'topup', 'topup.title', () => bank().then((m) => m.TopupPage)],
  ['/withdraw', 'withdraw', 'withdraw.title', () => bank().then((m) => m.WithdrawPage)],
  ['/cards', 'cards', 'cards.title', () => bank().then((m) => m.CardsPage)],
  ['/cards/add', 'card-add', 'cardadd.title', () => bank().then((m) => m.CardAddPage)],
  ['/cards/:id', 'card', 'card.title', () => bank().then((m) => m.CardPage)],
  ['/bills/:id', 'bill', 'bill.title', () => bills().then((m) => m.BillPage)],
  ['/messages', 'messages', 'messages.title', () => mine().then((m) => m.MessagesPage)],
  ['/security', 'security', 'security.title', () => mine().then((m) => m.SecurityPage)],
  ['/security/password', 'security-password', 'password.title', () => mine().then((m) => m.PasswordChangePage)],
  ['/security/pin', 'security-pin', 'pinset.title', () => mine().then((m) => m.PinChangePage)],
  ['/security/devices', 'security-devices', 'devices.title', () => mine().then((m) => m.DevicesPage)],
  ['/unlock/documents', 'unlock-documents', 'unlock.documents.title', () => lock().then((m) => m.UnlockDocumentsPage)],
  ['/security/history', 'security-history', 'history.title', () => lock().then((m) => m.HistoryPage)],
  ['/security/checkup', 'security-checkup', 'checkup.title', () => lock().then((m) => m.CheckupPage)],
  ['/security/freeze', 'security-freeze', 'freeze.title', () => mine().then((m) => m.FreezePage)],
  ['/security/nopin', 'security-nopin', 'nopin.title', () => mine().then((m) => m.NopinPage)],
  ['/security/limits', 'security-limits', 'limits.title', () => mine().then((m) => m.LimitsPage)],
]

const record = ([path, name, title, component]: Row, isFree: boolean): RouteRecordRaw => ({
  path,
  name,
  component: component as () => Promise<unknown>,
  meta: { title, free: isFree },
})

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', name: 'home', component: HomePage, meta: { title: 'tab.home', tab: 'home' } },
    {
      path: '/bills',
      name: 'bills',
      component: () => bills().then((m) => m.BillsPage),
      meta: { title: 'bills.title', tab: 'bills' },
    },
    {
      path: '/wealth',
      name: 'wealth',
      component: () => help().then((m) => m.WealthPage),
      meta: { title: 'wealth.title', tab: 'wealth' },
    },
    {
      path: '/me',
      name: 'me',
      component: () => mine().then((m) => m.MePage),
      meta: { title: 'me.title', tab: 'me' },
    },
    ...free.map((row) => record(row, true)),
    ...own.map((row) => record(row, false)),
    {
      path: '/:rest(.*)*',
      name: 'notfound',
      component: () => help().then((m) => m.NotFoundPage),
      meta: { title: 'notfound.title', free: true },
    },
  ],
})

/** Only paths of our own app: no way out through ?to=. */
export function ownPath(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : '/'
}

router.beforeEach(async (to) => {
  if (to.meta.free || me.value) return true
  try {
    if (await loadMe()) return true
    if (to.name !== 'home') return { name: 'login', query: { to: to.fullPath } }
    const found = await loadApplication()
    return found && found.state !== 'draft' ? true : { name: 'welcome' }
  } catch {
    return { name: 'offline', query: { to: to.fullPath } }
  }
})

/** Names the document after the page. */
export function nameDocument(title = t(router.currentRoute.value.meta.title ?? 'brand')): void {
  document.title = title === t('brand') ? title : `${title} · ${t('brand')}`
}

// Names the document and moves the focus to the heading of the new page.
router.afterEach(async (to, from) => {
  nameDocument()
  if (to.path === from.path) return
  await nextTick()
  await nextTick()
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
})
