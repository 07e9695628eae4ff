{% from "table.html" import line with context %}
paramgolfRows({
{% for group in groups if group.shown < group.rows | length %}
{% set rest %}{% for row in group.rows[group.shown:] %}{{ line(row, group, root) }}{% endfor %}{% endset %}
"{{ group.number }}": {{ rest | string | tojson }},
{% endfor %}
});
