import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { noForeignAddress } from '../scripts/foreign.mjs'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const server = process.env.TONGBAO_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  root: path('.'),
  base: '/console/',
  plugins: [vue(), noForeignAddress()],
  resolve: { alias: { '@kit': path('../kit') } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  server: { proxy: { '/api': server, '/console/api': server, '/icons': server } },
  build: {
    outDir: path('../dist/console'),
    emptyOutDir: true,
    target: 'es2020',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
