export const en = {
  loading: 'Loading…',
  empty: 'Nothing here.',
  more: 'Show more',
  cancel: 'Cancel',
  copy: 'Copy',
  copied: 'Copied',
  table: 'As a table',
  sending: 'Sending…',
  required: 'This is needed.',
}
