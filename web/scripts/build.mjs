// node scripts/build.mjs PART…   builds web/dist/PART for app, sandbox, docs.
// A part is a folder with vite.config.ts (a page app) or build.mjs (anything else).
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import './errors.mjs'
import { compress } from './compress.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { build } = await import('vite')
const parts = process.argv.slice(2)
for (const part of parts.length ? parts : ['app']) {
  const folder = join(root, part)
  const out = join(root, 'dist', part)
  if (existsSync(join(folder, 'vite.config.ts'))) {
    await build({ root: folder, configFile: join(folder, 'vite.config.ts'), logLevel: 'warn' })
  } else if (existsSync(join(folder, 'build.mjs'))) {
    await import(pathToFileURL(join(folder, 'build.mjs')).href)
  } else {
    console.log(`${part}: nothing to build`)
    continue
  }
  compress(out)
  console.log(`${part}: built`)
}
