// The size budget of the wallet app: fails when the first page grows past it.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const folder = new URL('../dist/app/assets/', import.meta.url)
const home = { js: 70_000, css: 15_000 }
const lazy = 15_000
const sizes = readdirSync(folder)
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => [name, gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length])
const sum = (kind) =>
  sizes.filter(([n]) => atOnce.includes(n) && n.endsWith(kind)).reduce((a, [, size]) => a + size, 0)
const html = readFileSync(new URL('../index.html', folder), 'utf8')
const atOnce = [...html.matchAll(/assets\/([^"]+)"/g)].map((m) => m[1])
const first = { js: sum('.js'), css: sum('.css') }
const fat = sizes.filter(([n, size]) => n.endsWith('.js') && !atOnce.includes(n) && size > lazy)
for (const [name, size] of sizes.sort((a, b) => b[1] - a[1])) console.log(size, name)
console.log(`home: ${first.js} B of JavaScript, ${first.css} B of CSS (gzip)`)
const bad = Number(first.js > home.js) + Number(first.css > home.css) + fat.length
if (bad) console.error('over the budget', fat)
console.log(`${bad ? 0 : 1} passed, ${bad} failed`)
process.exitCode = bad ? 1 : 0
