with

reported as (

    select * from {{ ref('int_geotab_faults_reported') }}
    where is_reportable

),

report as (

    select
        "DeviceName",
        "DeviceId",
        "DeviceIdHex",
        "DeviceGroup",
        "Date",
        "Time",
        "DiagnosticName",
        "SourceName",
        "ControllerName",
        "DiagnosticCode",
        "DriverSerialNumber",
        "DriverEmployeeNumber",
        "DeviceSerialNumber"
    from reported

)

select * from report
