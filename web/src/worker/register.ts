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

  if (registration.waiting && registration.active) offer(registration.waiting)
  if (registration.installing) watch(registration.installing)
  registration.addEventListener('updatefound', () => {
    if (registration.installing) watch(registration.installing)
  })
}
