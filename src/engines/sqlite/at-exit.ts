const tasks = new Set<() => void>();

/**
 * Runs `task` at the `exit` event of the process, or of the worker thread. The application itself has to handle
 * signals.
 *
 * @returns a function that cancels the task.
 */
export function runAtExit(task: () => void): () => void {
  if (tasks.size === 0) process.on('exit', runTasks);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.removeListener('exit', runTasks);
  };
}

function runTasks(): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // The process ends, so nobody can receive the error, and the other tasks still have to run.
    }
  }
}
