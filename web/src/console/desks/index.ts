import type { Screen } from '../screen'

/** The screens of the trades. */
export const screens: Screen[] = []
