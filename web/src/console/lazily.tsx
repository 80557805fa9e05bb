import type { JSX } from 'preact'
import { useLoad } from '../ui/load'
import { Shown } from '../ui/Shown'
import type { Screen } from './screen'

type View = Screen['view']

/** Makes a view of one that is loaded when it is first shown: a pharmacy does not fetch what a manufacturer signs. */
export function lazily(load: () => Promise<View>): View {
  let Ready: View | undefined
  return function Lazily(given): JSX.Element {
    const found = useLoad(async () => {
      Ready ??= await load()
    }, [])
    // What is there is shown at once: who comes back sees no spinner.
    return Ready ? <Ready {...given} /> : <Shown of={found}>{() => null}</Shown>
  }
}
