with

quality as (

    select * from {{ ref('v_data_quality_check') }}

),

wrong as (

    select * from quality
    where issue_count > checked_count
        or issue_percent not between 0 and 100

)

select * from wrong
