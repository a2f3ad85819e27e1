with

reported as (

    select * from {{ ref('int_geotab_exceptions_reported') }}
    where is_reportable

),

report as (

    select
        "DeviceName",
        "DeviceIdHex",
        "DeviceId",
        "DeviceGroup",
        "RuleName",
        "Longitude",
        "Latitude",
        "Location",
        "LocationZones",
        "StartDate",
        "StartTime",
        "Duration",
        "Distance",
        "ExtraInfo",
        "Details",
        "DriverSerialNumber",
        "DriverEmployeeNumber",
        "DeviceSerialNumber"
    from reported

)

select * from report
