import { h } from './element.js'

/** SQL to read and to copy. */
export function code(title, sql, isOpen) {
  if (sql === null) return null
  const text = h('pre.sql', { tabindex: 0, 'aria-label': title }, h('code', sql))
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(sql)
      button.textContent = 'Copied'
    } catch {
      // A page that was not loaded securely has no clipboard.
      getSelection().selectAllChildren(text)
      button.textContent = 'Selected: press Ctrl+C'
    }
  }
  const button = h('button', { type: 'button', click: copy }, 'Copy')
  return h('details.code', { open: isOpen }, h('summary', title), button, text)
}
