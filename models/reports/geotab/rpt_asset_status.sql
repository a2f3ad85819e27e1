with

reported as (

    select * from {{ ref('int_geotab_asset_status_reported') }}
    where is_reportable

),

report as (

    select
        "DeviceName",
        "DeviceVIN",
        "DevicePlan",
        "CurrentOdometer",
        "DeviceGroup",
        "DrivingState",
        "Location",
        "LocationZones",
        "CurrentEngineHours",
        "ActiveFromDate",
        "ActiveFromTime",
        "ActiveToDate",
        "ActiveToTime",
        "SerialNumber",
        "DeviceId",
        "IsCommunicating",
        "LastTripDate",
        "LastTripTime",
        "LastGpsDate",
        "LastGpsTime",
        "DriverSerialNumber",
        "DriverEmployeeNumber",
        "DeviceSerialNumber",
        "EngineVIN",
        "VINMatch"
    from reported

)

select * from report
