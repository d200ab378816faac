/** The refusal of a change that turns a protection off. */
import type { Situation } from './property.ts'

/**
 * @param input the name of the input, and of the setting in words
 * @param state the observed state, such as `on, 35 days`
 */
export function explainProtectionOff(input: string, state: string, { target, table }: Situation) {
  const { name, production } = target.environment
  return {
    reason: `${input} is to be off, but for the table "${table}" it is ${state}${production ? `, and "${name}" is a production environment` : ''}.`,
    remedy: `Leave ${input} out of the definition file, or set the input to auto: that keeps it ${production ? 'on' : 'as it is'}.`,
  }
}
