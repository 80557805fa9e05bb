import { described, Field } from './Field'

interface Given {
  id: string
  label: string
  hint?: string
  error?: string
  value: string
  onValue: (value: string) => void
  type?: 'text' | 'number' | 'date' | 'url' | 'email'
  required?: boolean
  maxLength?: number
  min?: number | string
  max?: number | string
  /** Lines; more than one makes a text area. */
  lines?: number
  autocomplete?: string
}

/** An Input is a field for a line or lines of text. */
export function Input({ id, label, hint, error, value, onValue, lines = 1, type = 'text', ...rest }: Given) {
  const common = {
    id,
    value,
    'aria-describedby': described(id),
    'aria-invalid': error ? ('true' as const) : undefined,
    autocomplete: 'off',
    ...rest,
  }
  return (
    <Field id={id} label={label} {...(hint ? { hint } : {})} {...(error ? { error } : {})}>
      {lines > 1 ? (
        <textarea {...common} rows={lines} onInput={(e) => onValue(e.currentTarget.value)} />
      ) : (
        // Preact types each kind of input apart; these differ in nothing that we set.
        <input {...common} type={type as 'text'} onInput={(e) => onValue(e.currentTarget.value)} />
      )}
    </Field>
  )
}

interface ChoiceGiven {
  id: string
  label: string
  hint?: string
  value: string
  onValue: (value: string) => void
  /** Values and what people read. */
  options: [string, string][]
}

/** A Choice is a field for one of a few values. */
export function Choice({ id, label, hint, value, onValue, options }: ChoiceGiven) {
  return (
    <Field id={id} label={label} {...(hint ? { hint } : {})}>
      <select id={id} value={value} aria-describedby={described(id)} onChange={(e) => onValue(e.currentTarget.value)}>
        {options.map(([v, name]) => (
          <option key={v} value={v}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  )
}

interface ChecksGiven {
  legend: string
  hint?: string
  chosen: string[]
  onChosen: (values: string[]) => void
  options: [string, string][]
}

/** Checks are a field for any of a few values. */
export function Checks({ legend, hint, chosen, onChosen, options }: ChecksGiven) {
  return (
    <fieldset class="checks">
      <legend>{legend}</legend>
      {hint && <p class="quiet">{hint}</p>}
      {options.map(([v, name]) => (
        <label key={v}>
          <input
            type="checkbox"
            value={v}
            checked={chosen.includes(v)}
            onChange={(e) => onChosen(e.currentTarget.checked ? [...chosen, v] : chosen.filter((c) => c !== v))}
          />
          {name}
        </label>
      ))}
    </fieldset>
  )
}
