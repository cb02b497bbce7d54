"""Names of packages of MCP servers and of what starts them, that look-alikes are compared with.

The catalogue's are those of `manifests/`.  The others are what servers' makers call their packages:
each stands in a launch or an installation line of public repositories (looked at 2026-11).

It is not a list of trusted packages: that a name is here says that it is well known.
"""

from __future__ import annotations

NPM = frozenset({
    # modelcontextprotocol/servers and servers-archived
    "@modelcontextprotocol/inspector",
    "@modelcontextprotocol/server-aws-kb-retrieval",
    "@modelcontextprotocol/server-brave-search",
    "@modelcontextprotocol/server-everart",
    "@modelcontextprotocol/server-everything",
    "@modelcontextprotocol/server-filesystem",
    "@modelcontextprotocol/server-gdrive",
    "@modelcontextprotocol/server-github",
    "@modelcontextprotocol/server-gitlab",
    "@modelcontextprotocol/server-google-maps",
    "@modelcontextprotocol/server-memory",
    "@modelcontextprotocol/server-postgres",
    "@modelcontextprotocol/server-puppeteer",
    "@modelcontextprotocol/server-redis",
    "@modelcontextprotocol/server-sequential-thinking",
    "@modelcontextprotocol/server-slack",
    # their own makers
    "@21st-dev/magic",                  # 21st-dev/magic-mcp
    "@agentdeskai/browser-tools-mcp",   # AgentDeskAI/browser-tools-mcp
    "@azure/mcp",                       # microsoft/mcp
    "@brave/brave-search-mcp-server",   # brave/brave-search-mcp-server
    "@browserbasehq/mcp",               # browserbase/mcp-server-browserbase
    "@cloudflare/mcp-server-cloudflare",  # cloudflare/mcp-server-cloudflare
    "@dotenvx/dotenvx",                 # dotenvx/dotenvx
    "@elastic/mcp-server-elasticsearch",  # elastic/mcp-server-elasticsearch
    "@executeautomation/playwright-mcp-server",  # executeautomation/mcp-playwright
    "@heroku/mcp-server",               # heroku/heroku-mcp-server
    "@hubspot/mcp-server",              # HubSpot's own documentation
    "@jpisnice/shadcn-ui-mcp-server",   # Jpisnice/shadcn-ui-mcp-server
    "@neondatabase/mcp-server-neon",    # neondatabase/mcp-server-neon
    "@notionhq/notion-mcp-server",      # makenotion/notion-mcp-server
    "@perplexity-ai/mcp-server",        # perplexityai/modelcontextprotocol
    "@playwright/mcp",                  # microsoft/playwright-mcp
    "@sentry/mcp-server",               # getsentry/sentry-mcp
    "@shopify/dev-mcp",                 # Shopify/dev-mcp
    "@smithery/cli",                    # smithery-ai/cli
    "@stripe/mcp",                      # stripe/agent-toolkit
    "@supabase/mcp-server-supabase",    # supabase-community/supabase-mcp
    "@upstash/context7-mcp",            # upstash/context7
    "@wonderwhy-er/desktop-commander",  # wonderwhy-er/DesktopCommanderMCP
    "airtable-mcp-server",              # domdomegg/airtable-mcp-server
    "chrome-devtools-mcp",              # ChromeDevTools/chrome-devtools-mcp
    "envmcp",                           # griffithsbs/envmcp
    "exa-mcp-server",                   # exa-labs/exa-mcp-server
    "figma-developer-mcp",              # GLips/Figma-Context-MCP
    "firecrawl-mcp",                    # firecrawl/firecrawl-mcp-server
    "kubernetes-mcp-server",            # containers/kubernetes-mcp-server
    "mcp-remote",                       # geelen/mcp-remote
    "mcp-server-kubernetes",            # Flux159/mcp-server-kubernetes
    "mongodb-mcp-server",               # mongodb-js/mongodb-mcp-server
    "n8n-mcp",                          # czlonkowski/n8n-mcp
    "puppeteer-mcp-server",             # merajmehrabi/puppeteer-mcp-server
    "slack-mcp-server",                 # korotovsky/slack-mcp-server
    "supergateway",                     # supercorp-ai/supergateway
    "tavily-mcp",                       # tavily-ai/tavily-mcp
})  # fmt: skip

PYPI = frozenset({
    # modelcontextprotocol/servers
    "mcp-server-fetch",
    "mcp-server-git",
    "mcp-server-sentry",
    "mcp-server-sqlite",
    "mcp-server-time",
    # the catalogue: manifests/
    "arxiv-mcp-server",
    "awslabs-aws-documentation-mcp-server",
    "awslabs-aws-pricing-mcp-server",
    "duckduckgo-mcp-server",
    "excel-mcp-server",
    "mcp-atlassian",
    "mcp-obsidian",
    "mcp-server-calculator",
    "mcp-youtube-transcript",
    "office-powerpoint-mcp-server",
    "pagerduty-mcp",
    "redis-mcp-server",
    "wikipedia-mcp",
    # their own makers
    "awslabs-cdk-mcp-server",           # awslabs/mcp
    "awslabs-core-mcp-server",          # awslabs/mcp
    "awslabs-terraform-mcp-server",     # awslabs/mcp
    "blender-mcp",                      # ahujasid/blender-mcp
    "chroma-mcp",                       # chroma-core/chroma-mcp
    "fastmcp",                          # PrefectHQ/fastmcp
    "markitdown-mcp",                   # microsoft/markitdown
    "mcp-clickhouse",                   # ClickHouse/mcp-clickhouse
    "mcp-neo4j-cypher",                 # neo4j-contrib/mcp-neo4j
    "mcp-neo4j-memory",                 # neo4j-contrib/mcp-neo4j
    "mcp-proxy",                        # sparfenyuk/mcp-proxy
    "mcp-server-motherduck",            # motherduckdb/mcp-server-motherduck
    "mcp-server-qdrant",                # qdrant/mcp-server-qdrant
    "postgres-mcp",                     # crystaldba/postgres-mcp
    "serena-agent",                     # oraios/serena
    "snowflake-labs-mcp",               # Snowflake-Labs/mcp
})  # fmt: skip
