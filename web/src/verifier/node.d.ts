// What the tests use of Node; no page does.
declare module 'node:zlib' {
  export function gzipSync(data: string, options: { level: number }): Uint8Array
}
