export { fromA2aCard } from './from-a2a-card';
export { fromMcpServer } from './from-mcp-server';
export type { FormatAgent, FormatResult } from './types';
