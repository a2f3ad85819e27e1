-- An engine control unit that was swapped does this too; a metre is rounding.
{{ config(severity='warn') }}

with

trips as (

    select * from {{ ref('fct_geotab_trips') }}
    where started_at > current_timestamp - interval '26 hours'

),

wrong as (

    select
        connection,
        device_id,
        started_at,
        odometer_start_mi,
        odometer_end_mi
    from trips
    where odometer_start_mi > odometer_end_mi + 0.001

)

select * from wrong
