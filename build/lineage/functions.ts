// What the grammar does not say about functions; a test compares it with Postgres' own catalogue.

/** Postgres' own aggregate functions. One that a database adds is known by DISTINCT, FILTER or an ORDER BY only. */
export const AGGREGATES: ReadonlySet<string> = new Set(
  (
    'any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every ' +
    'json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique ' +
    'json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict ' +
    'jsonb_object_agg_unique jsonb_object_agg_unique_strict max min mode percentile_cont percentile_disc ' +
    'range_agg range_intersect_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx ' +
    'regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg'
  ).split(' '),
)

/** Functions that give several rows, and the columns these have. `null`: one, by the name of the alias. */
export const ROW_FUNCTIONS: ReadonlyMap<string, string[] | null> = new Map([
  ['generate_series', null],
  ['generate_subscripts', null],
  ['regexp_matches', null],
  ['regexp_split_to_table', null],
  ['string_to_table', null],
  ['unnest', null],
  ['json_object_keys', null],
  ['jsonb_object_keys', null],
  ['jsonb_path_query', null],
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
])
