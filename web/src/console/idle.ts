// The server ends a session that nobody uses (30 minutes). Pages that refresh
// themselves would keep it alive at a counter that everybody has left, so that
// the page ends it as well.
import { useEffect } from 'preact/hooks'

export const idleAfter = 30 * 60_000

/** A Watch knows when a person last did something. */
export class Watch {
  private last: number

  constructor(now: number) {
    this.last = now
  }

  touch(now: number): void {
    this.last = now
  }

  /** Reports whether the person is gone. */
  gone(now: number): boolean {
    return now - this.last >= idleAfter
  }
}

/** Calls leave once nobody has touched the page for as long as a session lasts without use. */
export function useIdle(leave: () => void): void {
  useEffect(() => {
    const watch = new Watch(Date.now())
    const touch = () => watch.touch(Date.now())
    // A device that slept has not counted: its clock says how long.
    const look = () => watch.gone(Date.now()) && leave()
    const timer = setInterval(look, 15_000)
    document.addEventListener('visibilitychange', look)
    addEventListener('pointerdown', touch)
    addEventListener('keydown', touch)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
      removeEventListener('pointerdown', touch)
      removeEventListener('keydown', touch)
    }
  }, [leave])
}
