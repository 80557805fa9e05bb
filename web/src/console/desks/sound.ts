// Who scans looks at the pack, not at the screen.

const tones = { good: [1320, 0.09], bad: [220, 0.7] } as const

/** Sounds a tone: short and high, or long and low. A browser may forbid it; nothing depends on it. */
export function tone(kind: keyof typeof tones): void {
  try {
    const [frequency, length] = tones[kind]
    const context = new AudioContext()
    const source = context.createOscillator()
    const volume = context.createGain()
    volume.gain.value = 0.15
    source.frequency.value = frequency
    source.connect(volume).connect(context.destination)
    source.onended = () => void context.close()
    source.start()
    source.stop(context.currentTime + length)
  } catch {
    // No sound then.
  }
}
