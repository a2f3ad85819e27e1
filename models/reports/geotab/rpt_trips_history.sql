with

reported as (

    select * from {{ ref('int_geotab_trips_reported') }}
    where is_reportable

),

report as (

    select
        "DeviceName",
        "DeviceId",
        "DeviceIdHex",
        "DeviceGroup",
        "StartDate",
        "StartTime",
        "DrivingDuration",
        "StopDate",
        "StopTime",
        "Distance",
        "StopDuration",
        "Latitude",
        "Longitude",
        "Location",
        "LocationZones",
        "IdlingDuration",
        "MaximumSpeed",
        "IsStartWork",
        "IsStopWork",
        "WorkDistance",
        "WorkTripTime",
        "WorkStopTime",
        "OdometerAtStart",
        "DriverSerialNumber",
        "DriverEmployeeNumber",
        "DeviceSerialNumber"
    from reported

)

select * from report
