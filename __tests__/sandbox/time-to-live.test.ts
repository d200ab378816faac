/** Time to live over its API of its own. Ids are DDB-TABLE findings. */
import { aPlane, name, type Plane, users } from './plane.ts'

let plane: Plane

beforeEach(() => {
  plane = aPlane()
})

const change = (Enabled: boolean, AttributeName = 'expires_at') => ({
  ...name,
  TimeToLiveSpecification: { Enabled, AttributeName },
})
const set = (Enabled: boolean, AttributeName?: string) => plane.call('UpdateTimeToLive', change(Enabled, AttributeName))
const refused = (Enabled: boolean, AttributeName?: string) =>
  plane.refusal('UpdateTimeToLive', change(Enabled, AttributeName))
const shown = () => plane.call('DescribeTimeToLive').TimeToLiveDescription

const cooldown = 'ValidationException: Time to live has been modified multiple times within a fixed interval'

it('UpdateTimeToLive returns its request, and the change is complete after two seconds (144, 145)', () => {
  plane.settled()
  expect(set(true)).toEqual({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires_at' } })
  expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLING', AttributeName: 'expires_at' })
  plane.seconds(2)
  expect(shown()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' })
  plane.seconds(1858)
  set(false)
  expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLING', AttributeName: 'expires_at' })
  plane.seconds(2)
  expect(shown()).toEqual({ TimeToLiveStatus: 'DISABLED' })
})

it('time to live accepts one change in 31 minutes, although its status is final after seconds (143)', () => {
  plane.settled()
  set(true)
  plane.seconds(1859)
  expect(shown().TimeToLiveStatus).toBe('ENABLED')
  expect(refused(false)).toBe(cooldown)
  plane.seconds(1)
  set(false)
  expect(refused(true)).toBe(cooldown)
})

it('UpdateTimeToLive validates a change before it checks the time of the last one (143, 146, 147)', () => {
  plane.settled()
  expect(refused(false)).toBe('ValidationException: TimeToLive is already disabled')
  set(true)
  expect(refused(true)).toBe('ValidationException: TimeToLive is already enabled')
  const otherAttribute =
    'ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is expires_at'
  expect(refused(true, 'other')).toBe(otherAttribute)
  expect(refused(false, 'other')).toBe(otherAttribute)
  plane.seconds(1860)
  set(false)
  expect(refused(false)).toBe('ValidationException: TimeToLive is already disabled')
})

it('time to live accepts the partition key as its attribute (146)', () => {
  plane.settled()
  set(true, 'tenant_id')
})

it('UpdateTimeToLive rejects a table that is CREATING, and does not find it at first (115)', () => {
  plane.call('CreateTable', users)
  expect(plane.refusal('DescribeTimeToLive')).toBe(
    'ValidationException: Cannot describe time to live while table is in CREATING state: Current table state is CREATING',
  )
  expect(refused(true)).toMatch(/^ResourceNotFoundException: .*Table: users not found$/)
  plane.seconds(2.6)
  expect(refused(true)).toMatch(/^ResourceInUseException: .*Table users is being created$/)
  plane.seconds(3.4)
  set(true)
})

it('time to live of a table that is DELETING can be changed but not read (118, 455)', () => {
  plane.settled()
  plane.call('DeleteTable')
  set(true)
  expect(refused(true)).toMatch('already enabled')
  expect(plane.refusal('DescribeTimeToLive')).toMatch(
    /^ValidationException: Cannot describe time to live while table is in DELETING state/,
  )
})

it('time to live of a table that is UPDATING can be changed (116)', () => {
  plane.settled()
  plane.update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  set(true)
})
