import type { ComponentChildren } from 'preact'

interface Given {
  id: string
  label: string
  hint?: string
  /** What is wrong with the input, announced when it appears. */
  error?: string
  children: ComponentChildren
}

/** A Field is an input with its label; the input takes `described(id)` as aria-describedby. */
export function Field({ id, label, hint, error, children }: Given) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <span class="quiet" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {children}
      <span class="wrong" id={`${id}-error`} role="alert">
        {error}
      </span>
    </div>
  )
}

/** The ids of what describes a field's input. */
export const described = (id: string): string => `${id}-hint ${id}-error`
