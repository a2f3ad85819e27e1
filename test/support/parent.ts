/** Sends a message to the test that runs this script as a command (test/support/command.ts). */
export async function tellParent(message: object): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (process.send === undefined) reject(new Error('this script is run by a test, which reads its messages'))
    else process.send(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}
