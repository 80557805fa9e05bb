// Icons are our own strokes on a grid of 24, in the colour of the text around them.
const strokes = {
  good: 'M5 12.5l4.5 4.5L19 7.5',
  bad: 'M7 7l10 10M17 7L7 17',
  used: 'M12 7v5l3.5 2M12 3.5a8.5 8.5 0 1 1-8.2 6.2M3.5 4.5v5h5',
  unsure: 'M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1.1-1.4 2.1M12 17.4v.2',
  scan: 'M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M8 8h3v3H8zM13 13h3v3h-3zM13 8h3M8 16h3M16 8v3',
  photo: 'M4 8a2 2 0 0 1 2-2h2l1.5-2h5L16 6h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM12 16a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  torch: 'M9 3h6v4l-2 3v10h-2V10L9 7zM9 7h6',
  turn: 'M4 12a8 8 0 0 1 13.7-5.6L20 9M20 4v5h-5M20 12a8 8 0 0 1-13.7 5.6L4 15M4 20v-5h5',
  close: 'M6 6l12 12M18 6L6 18',
  again: 'M20 12a8 8 0 1 1-2.3-5.6L20 9M20 4v5h-5',
  save: 'M12 4v11M7.5 11L12 15.5 16.5 11M5 20h14',
  open: 'M12 15.5V4M7.5 8.5L12 4l4.5 4.5M5 20h14',
  share:
    'M8.5 10.8l7-4M8.5 13.2l7 4M6 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM18 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM18 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  report: 'M12 4l9 16H3zM12 10v4.5M12 17.3v.2',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8v.2',
  supplier: 'M8 4h8M10 4v5l-4.5 8.5A1.7 1.7 0 0 0 7 20h10a1.7 1.7 0 0 0 1.5-2.5L14 9V4M8 14h8',
  manufacturer: 'M4 20V10l5 3v-3l5 3V5h4l2 15zM8 17h2M13 17h2',
  administration: 'M4 9l8-5 8 5zM5.5 9v8M10 9v8M14 9v8M18.5 9v8M4 20h16M4 17h16',
  distributor:
    'M3 6h10v10H3zM13 10h4l4 3.5V16h-8M7 18.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM17 18.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
  pharmacy: 'M9 4h6v5h5v6h-5v5H9v-5H4V9h5z',
} as const

export type IconName = keyof typeof strokes

/** Draws an icon. It is never the only bearer of a meaning, so readers skip it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={strokes[name]} />
    </svg>
  )
}

/** The strokes of an icon, to draw inside another picture. */
export const stroke = (name: IconName): string => strokes[name]
