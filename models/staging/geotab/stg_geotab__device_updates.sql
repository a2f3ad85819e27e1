with

source as (

    select * from {{ source('ops', 'device_updates') }}

),

renamed as (

    select
        update_id,
        plan_id,
        connection,
        device_id,
        file_path,
        file_sha256,
        outcome,
        error_code,
        error_message,
        line as file_line,
        attempts,
        fields,
        before,
        after,
        left_alone,
        intended_at,
        ended_at,
        settled_at
    from source

)

select * from renamed
