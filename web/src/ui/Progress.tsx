import { count } from '../text/text'

/** Progress says how far some work is, by eye and by ear. */
export function Progress({ label, done, total }: { label: string; done: number; total: number }) {
  return (
    <div class="progress">
      <progress aria-label={label} max={Math.max(1, total)} value={total > 0 ? done : undefined} />
      <span class="quiet">
        {count(done)} / {count(total)}
      </span>
    </div>
  )
}
