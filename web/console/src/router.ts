import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { asProblem } from '@kit/api/problem.ts'
import { get, me, type Me } from './api.ts'
import ApprovalsPage from './pages/ApprovalsPage.vue'
import AuditPage from './pages/AuditPage.vue'
import CasePage from './pages/CasePage.vue'
import CasesPage from './pages/CasesPage.vue'
import MaintenancePage from './pages/MaintenancePage.vue'
import OperatorsPage from './pages/OperatorsPage.vue'
import SetupPage from './pages/SetupPage.vue'
import SignInPage from './pages/SignInPage.vue'
import WorkPage from './pages/WorkPage.vue'
import { t, type Word } from './words.ts'

declare module 'vue-router' {
  interface RouteMeta {
    title: Word
    open?: boolean
    kind?: string
  }
}

export const router = createRouter({
  history: createWebHistory('/console/'),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', component: WorkPage, meta: { title: 'work.title' } },
    { path: '/sign-in', component: SignInPage, meta: { title: 'sign.title', open: true } },
    { path: '/setup', component: SetupPage, meta: { title: 'setup.title', open: true } },
    { path: '/onboarding', component: CasesPage, meta: { title: 'nav.review', kind: 'review' } },
    { path: '/unlocking', component: CasesPage, meta: { title: 'nav.unlock', kind: 'unlock' } },
    { path: '/tickets', component: CasesPage, meta: { title: 'nav.ticket', kind: 'ticket' } },
    { path: '/cases/:number', component: CasePage, meta: { title: 'case.person' } },
    { path: '/approvals', component: ApprovalsPage, meta: { title: 'approvals.title' } },
    { path: '/maintenance', component: MaintenancePage, meta: { title: 'maintenance.title' } },
    { path: '/audit', component: AuditPage, meta: { title: 'audit.title' } },
    { path: '/operators', component: OperatorsPage, meta: { title: 'operators.title' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

/** Names the document after the page. */
export function nameDocument(): void {
  const route = router.currentRoute.value
  const number = route.params.number as string | undefined
  document.title = `${number ?? t(route.meta.title ?? 'console')} · ${t('console')}`
}

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (!me.value) {
    try {
      me.value = await get<Me>('/me')
    } catch (thrown) {
      if (asProblem(thrown).code !== 'operator-login-required') return true
    }
  }
  return me.value ? true : { path: '/sign-in', query: { to: to.fullPath } }
})

router.afterEach(async (to, from) => {
  nameDocument()
  if (to.path === from.path || !from.matched.length) return
  await nextTick()
  await nextTick()
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
})
