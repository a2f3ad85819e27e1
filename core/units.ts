/** Factors between units; columns are named by theirs. */
export const METERS_PER_KM = 1000
export const SECONDS_PER_HOUR = 3600
