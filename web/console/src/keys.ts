// Keys of the console mean something only while nobody is typing and no dialog is open.
export function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return (
    event.ctrlKey || event.metaKey || event.altKey ||
    !!target?.closest('input, textarea, select, [contenteditable]') ||
    !!document.querySelector('.sheet-layer')
  )
}
