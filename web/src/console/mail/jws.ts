/**
 * Returns what a compact JWS says, to be read by people. Nothing is verified: the
 * message came over the organisation's own desk, which did.
 */
export function certified(jws: string): Record<string, unknown> | undefined {
  const payload = jws.split('.')[1]
  if (!payload || jws.split('.').length !== 3) return undefined
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
