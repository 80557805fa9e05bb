/**
 * Installs the worker that keeps the page. When a newer version waits, onWaiting is
 * called with what accepts it: the page loads again as the new version. Until then,
 * and if nobody accepts, it stays what it was.
 */
export async function register(onWaiting: (accept: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  const workers = navigator.serviceWorker
  const registration = await workers.register('/worker.js', { scope: '/', updateViaCache: 'none' })

  const offer = (waiting: ServiceWorker) =>
    onWaiting(() => {
      workers.addEventListener('controllerchange', () => location.reload(), { once: true })
      waiting.postMessage('update')
    })

  const watch = (coming: ServiceWorker) =>
    coming.addEventListener('statechange', () => {
      // Without an active one before it, it is the first and nobody waits.
      if (coming.state === 'installed' && registration.active) offer(coming)
    })

  // The browser has taken a newer worker while no tab was open; it shows the page that
  // was agreed to, and knows another.
  const { controller } = workers
  if (controller) {
    void ask(controller, 'newer').then((newer) => {
      if (newer === true) onWaiting(() => void ask(controller, 'update').then(() => location.reload()))
    })
  }
  if (registration.waiting && registration.active) offer(registration.waiting)
  if (registration.installing) watch(registration.installing)
  registration.addEventListener('updatefound', () => {
    if (registration.installing) watch(registration.installing)
  })
}

/** Asks a worker; one that does not know the word never answers. */
function ask(worker: ServiceWorker, word: string): Promise<unknown> {
  return new Promise((tell) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = (e) => {
      port1.close()
      tell(e.data)
    }
    worker.postMessage(word, [port2])
  })
}
