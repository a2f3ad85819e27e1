/** Factors of the units that columns are named by. */
export const METERS_PER_KM = 1000
export const METERS_PER_MILE = 1609.344
export const KM_PER_MILE = METERS_PER_MILE / METERS_PER_KM
export const SECONDS_PER_HOUR = 3600
