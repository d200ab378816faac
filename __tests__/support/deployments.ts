/** The commands of the pages that deploy a template of iam/. */

/** The part of a CloudFormation template that tests read. */
export interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>
}

interface Parameter {
  readonly Type: string
  readonly Default?: string
  readonly AllowedPattern?: string
  readonly AllowedValues?: readonly string[]
}

export interface Deployment {
  readonly stack: string
  /** Empty if the command names none. */
  readonly region: string
  /** The path of the template. */
  readonly template: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Undefined for a command that deploys nothing. */
export function deploymentIn(command: string): Deployment | undefined {
  const [, stack = ''] = /--stack(?:-set)?-name (\S+)/.exec(command) ?? []
  const [, region = ''] = /--region (\S+)/.exec(command) ?? []
  const [, template] = /(?:--template-file |--template-body file:\/\/)(\S+)/.exec(command) ?? []
  if (template === undefined) return undefined
  const [, given = ''] = /--parameter(?:s|-overrides)([\s\S]*)/.exec(command) ?? []
  const parameters = [...given.matchAll(/\s(?:ParameterKey=)?(\w+)(?:=|,ParameterValue=)(\S*)/g)]
  return {
    stack,
    region,
    template,
    parameters: Object.fromEntries(parameters.map(([, name = '', value = '']) => [name, value])),
  }
}
