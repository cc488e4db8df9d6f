import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'
import { noForeignAddress } from '../scripts/foreign.mjs'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Writes sw.js with the list of shell files; the scanner's wasm stays out (fetched when used). */
function serviceWorker(): Plugin {
  return {
    name: 'tongbao-service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const built = Object.values(bundle).filter((f) => !/\.(map|wasm)$/.test(f.fileName))
      const hash = createHash('sha256')
      for (const file of built.sort((a, b) => a.fileName.localeCompare(b.fileName))) {
        hash.update(file.fileName)
        hash.update(file.type === 'chunk' ? file.code : file.source)
      }
      const pages = built.map((f) => `/${f.fileName}`).filter((f) => f !== '/index.html')
      const icons = readdirSync(path('public/icons')).map((f) => `/icons/${f}`)
      const files = ['/', '/manifest.webmanifest', ...icons, ...pages]
      const source = readFileSync(path('sw.js'), 'utf8')
        .replace('/* global self, caches, clients, FILES, VERSION */\n', '')
        .replace('(FILES)', `(${JSON.stringify(files)})`)
        .replace('${VERSION}', hash.digest('hex').slice(0, 12))
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

const server = process.env.TONGBAO_URL ?? 'http://127.0.0.1:8080'

/** Parts that only lazy pages use go into one chunk: over HTTP/1.1 a request costs more than bytes. */
const sharedByPages =
  /kit[\\/](ui[\\/](Header|NumPad|Pin|Otp|TextField|FieldError|KeyValue|Segmented|LoadMore|ErrorPanel|StateBadge|shuffle|QrImage)|api[\\/]attempt|format[\\/](text|idcard))|app[\\/]src[\\/]parts[\\/](?!Tabs|BillItem|ApplicationTrace|Trace|IdleGuard)/

export default defineConfig({
  root: path('.'),
  plugins: [vue(), noForeignAddress(), serviceWorker()],
  resolve: { alias: { '@kit': path('../kit') } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  server: { proxy: { '/api': server, '/sandbox/api': server } },
  build: {
    outDir: path('../dist/app'),
    emptyOutDir: true,
    target: 'es2020',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'base', test: /node_modules[\\/](vue|@vue|vue-router)/ },
{ name: 'pages', test: sharedByPages, minShareCount: 2, priority: 2 },
          ],
        },
      },
    },
  },
})
