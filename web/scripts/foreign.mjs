/** The scanner's library names a public CDN as its default; ours is always our own file. */
export function noForeignAddress() {
  return {
    name: 'tongbao-no-foreign-address',
    transform(code, id) {
      if (!id.includes('zxing-wasm')) return null
      return { code: code.replace(/https:\/\/[a-z.]*jsdelivr[^`'"$]*/g, '/'), map: null }
    },
  }
}
