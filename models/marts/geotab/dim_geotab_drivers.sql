{{
    config(
        materialized='table',
        indexes=[
            {'columns': ['driver_key'], 'unique': True},
        ],
    )
}}

with

users as (

    select * from {{ ref('stg_geotab__users') }}

),

drivers as (

    select
        connection || '/' || user_id as driver_key,
        connection,
        user_id as driver_id,
        name as login,
        first_name,
        last_name,
        coalesce({{ text_or_null("concat_ws(' ', first_name, last_name)") }}, name) as full_name,
        employee_number,
        key_serial_number,
        coalesce(is_driver, false) as is_driver,
        coalesce(active_to <= current_timestamp, false) as is_archived,
        active_from,
        active_to
    from users

)

select * from drivers
