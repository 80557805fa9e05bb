import { useEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { type Camera, closeCamera, openCamera, takePicture, troubleOf } from './camera'
import { Reader, type Sight, sight } from './reader'
import './scan.css'

/** What the scanner says; the page that shows it brings the words. */
export interface ScanText {
  scanTitle: string
  scanAim: string
  scanStarting: string
  scanBlurred: string
  scanLinear: string
  scanSlow: string
  scanNone: string
  scanDenied: string
  scanNoCamera: string
  scanBroken: string
  scanPhoto: string
  scanTorch: string
  scanSwitch: string
}

interface Given {
  text: ScanText
  onCode: (text: string) => void
  onClose: () => void
}

const slow = 8000
const pause = 80

/** Reads what the camera sees, from when it shows until it goes. */
function useFinder(onCode: (text: string) => void) {
  const video = useRef<HTMLVideoElement>(null)
  const reader = useRef<Reader>(undefined)
  const [camera, setCamera] = useState<Camera>()
  const [wanted, setWanted] = useState<string>()
  const [lit, setLit] = useState(false)
  const [hint, setHint] = useState<keyof ScanText>('scanStarting')

  useEffect(() => {
    reader.current = new Reader()
    return () => reader.current?.close()
  }, [])

  useEffect(() => {
    let gone = false
    let open: Camera | undefined
    openCamera(wanted).then(
      (c) => {
        open = c
        if (gone) closeCamera(c)
        else setCamera(c)
      },
      (err) => !gone && setHint(troubleOf(err) === 'denied' ? 'scanDenied' : 'scanNoCamera'),
    )
    return () => {
      gone = true
      if (open) closeCamera(open)
      setCamera(undefined)
      setLit(false)
    }
  }, [wanted])

  useEffect(() => {
    const screen = video.current
    if (!camera || !screen || !reader.current) return
    screen.srcObject = camera.stream
    screen.play().catch(() => setHint('scanNoCamera'))
    setHint('scanAim')
    return watch(screen, reader.current, onCode, setHint)
  }, [camera])

  const photo = async (file: File | undefined) => {
    if (!file || !reader.current) return
    try {
      const seen = sight(await reader.current.read(file, true))
      if (seen.kind === 'code') onCode(seen.text)
      else setHint(hintOf(seen) ?? 'scanNone')
    } catch {
      setHint('scanNone')
    }
  }

  return { video, camera, setWanted, lit, setLit, hint, photo }
}

/** A Scanner shows what the camera sees until a code is read or the person has enough. */
export function Scanner({ text, onCode, onClose }: Given) {
  const { video, camera, setWanted, lit, setLit, hint, photo } = useFinder(onCode)
  const switchTo = camera?.others[0]
  return (
    <Dialog id="scanner" title={text.scanTitle} onClose={onClose} full>
      <div class="finder">
        <video ref={video} muted playsInline aria-label={text.scanAim} />
        <div class="frame" aria-hidden="true" />
      </div>
      <p id="scan-hint" role="status">
        {text[hint]}
      </p>
      <div class="row">
        <label class="button plain file">
          {text.scanPhoto}
          <input type="file" accept="image/*" onChange={(e) => photo(e.currentTarget.files?.[0])} />
        </label>
        {camera?.torch && (
          <Button
            icon="torch"
            aria-pressed={lit}
            onClick={() => {
              camera.torch?.(!lit).then(
                () => setLit(!lit),
                () => setLit(lit),
              )
            }}
          >
            {text.scanTorch}
          </Button>
        )}
        {switchTo && (
          <Button icon="turn" onClick={() => setWanted(switchTo)}>
            {text.scanSwitch}
          </Button>
        )}
      </div>
    </Dialog>
  )
}

function hintOf(seen: Sight): keyof ScanText | undefined {
  if (seen.kind === 'linear') return 'scanLinear'
  return seen.kind === 'blurred' ? 'scanBlurred' : undefined
}

/** Reads picture after picture, one at a time, until a code is read; returns how to stop. */
function watch(screen: HTMLVideoElement, reader: Reader, onCode: (text: string) => void, say: (hint: keyof ScanText) => void): () => void {
  const canvas = document.createElement('canvas')
  const begun = performance.now()
  let stopped = false
  let n = 0
  const look = async () => {
    const picture = takePicture(screen, canvas, n % 2 === 1)
    const seen: Sight = picture ? sight(await reader.read(picture, n % 4 > 1)) : { kind: 'nothing' }
    if (stopped) return
    n++
    if (seen.kind === 'code') {
      stopped = true
      onCode(seen.text)
      return
    }
    const hint = hintOf(seen)
    if (hint) say(hint)
    else if (performance.now() - begun > slow) say('scanSlow')
    setTimeout(run, pause)
  }
  const run = () => {
    if (!stopped) look().catch(() => !stopped && say('scanBroken'))
  }
  run()
  return () => {
    stopped = true
  }
}
