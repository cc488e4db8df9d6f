// The service worker: keeps the shell (pages, scripts, styles) and nothing the server answers.
// FILES and VERSION are filled in by the build.
/* global self, caches, clients, FILES, VERSION */
const name = `tongbao-shell-${VERSION}`
const never = /^\/(api|docs|sandbox|console|gateway|q|livez|readyz|metrics)(\/|$)/

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(FILES)))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n !== name).map((n) => caches.delete(n))))
      .then(() => clients.claim()),
  )
})

self.addEventListener('message', (event) => {
  if (event.data === 'take-over') self.skipWaiting()
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (never.test(url.pathname) && !url.pathname.startsWith('/q/')) return
  const key = request.mode === 'navigate' ? '/' : url.pathname
  event.respondWith(
    caches.open(name).then(async (cache) => (await cache.match(key)) ?? fetch(request)),
  )
})
