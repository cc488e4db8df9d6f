// Follows the theme of the system; leads /docs/errors/<code> to its row; on a phone the contents are folded.
const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = () => {
  document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light'
}
paint()
dark.addEventListener('change', paint)

document.addEventListener('DOMContentLoaded', () => {
  const code = /^\/docs\/errors\/([a-z-]+)$/.exec(location.pathname)?.[1]
  if (code && document.getElementById(`error-${code}`)) location.hash = `error-${code}`
  const menu = document.querySelector('.menu')
  const narrow = matchMedia('(max-width: 899px)')
  const fold = () => {
    menu.open = !narrow.matches
  }
  fold()
  narrow.addEventListener('change', fold)
  menu.addEventListener('click', (event) => {
    if (narrow.matches && event.target.closest('a')) menu.open = false
  })
})
