// The camera: the one that looks away from the person, as sharp as it will.

/** A Camera is a running camera and what it can do. */
export interface Camera {
  stream: MediaStream
  id: string
  /** Other cameras of the device. */
  others: string[]
  /** Turns the light on or off; absent where there is none. */
  torch?: (on: boolean) => Promise<void>
}

export type Trouble = 'denied' | 'none'

// Not yet in TypeScript's DOM library (Media Capture and Streams, image capture).
type WithTorch = MediaTrackCapabilities & { torch?: boolean }

/** Opens a camera, by default the one at the back. */
export async function openCamera(id?: string): Promise<Camera> {
  // Without HTTPS there is no such object.
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no camera', 'NotFoundError')
  const which: MediaTrackConstraints = id ? { deviceId: { exact: id } } : { facingMode: 'environment' }
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { ...which, width: { ideal: 1920 }, height: { ideal: 1080 } },
  })
  const track = stream.getVideoTracks()[0]
  const own = track?.getSettings().deviceId ?? ''
  const all = await navigator.mediaDevices.enumerateDevices()
  const others = all.filter((d) => d.kind === 'videoinput' && d.deviceId !== own && d.deviceId !== '').map((d) => d.deviceId)
  const camera: Camera = { stream, id: own, others }
  if (track && (track.getCapabilities?.() as WithTorch | undefined)?.torch) {
    camera.torch = (on) => track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
  }
  return camera
}

/** Stops a camera, so that its lamp goes out. */
export function closeCamera(camera: Camera): void {
  for (const track of camera.stream.getTracks()) track.stop()
}

/** Says why a camera did not open. */
export function troubleOf(err: unknown): Trouble {
  const name = err instanceof DOMException ? err.name : ''
  return name === 'NotAllowedError' || name === 'SecurityError' ? 'denied' : 'none'
}

const longest = 1280

/** Takes a picture: every second one only of the middle, where small codes are larger. */
export function takePicture(video: HTMLVideoElement, canvas: HTMLCanvasElement, close: boolean): ImageData | undefined {
  const [w, h] = [video.videoWidth, video.videoHeight]
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (w === 0 || h === 0 || !context) return undefined
  const side = Math.min(w, h) * 0.6
  const [cw, ch] = close ? [side, side] : [w, h]
  const scale = Math.min(1, longest / Math.max(cw, ch))
  canvas.width = Math.round(cw * scale)
  canvas.height = Math.round(ch * scale)
  context.drawImage(video, (w - cw) / 2, (h - ch) / 2, cw, ch, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}
