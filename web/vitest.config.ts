import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@kit': fileURLToPath(new URL('./kit', import.meta.url)) } },
  test: { include: ['kit/**/*.test.ts', 'app/src/**/*.test.ts', 'sandbox/src/**/*.test.ts'] },
})
