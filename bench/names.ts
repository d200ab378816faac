/** Names of contestants that the report refers to. */
export const thisActionName = 'this action'
export const loginAlone = 'configure-aws-credentials, login alone'
