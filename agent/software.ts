export const SOFTWARE = "farhand-agent 0.1.0";
