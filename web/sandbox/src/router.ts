import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import BankPage from './pages/BankPage.vue'
import PhonesPage from './pages/PhonesPage.vue'
import PosterPage from './pages/PosterPage.vue'
import TillPage from './pages/TillPage.vue'
import { t, type Word } from './words.ts'

declare module 'vue-router' {
  interface RouteMeta {
    title: Word
  }
}

export const router = createRouter({
  history: createWebHistory('/sandbox/'),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', component: PhonesPage, meta: { title: 'phones.title' } },
    { path: '/till', component: TillPage, meta: { title: 'till.title' } },
    { path: '/poster', component: PosterPage, meta: { title: 'poster.title' } },
    { path: '/bank', component: BankPage, meta: { title: 'bank.title' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

/** Names the document after the page. */
export function nameDocument(): void {
  const title = router.currentRoute.value.meta.title
  document.title = title ? `${t(title)} · ${t('sandbox')}` : t('sandbox')
}

router.afterEach(async (to, from) => {
  nameDocument()
  if (to.path === from.path || !from.matched.length) return
  await nextTick()
  await nextTick()
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
})
