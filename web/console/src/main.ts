import { createApp } from 'vue'
import { firstLanguage, setLanguage } from '@kit/i18n/t.ts'
import '@kit/ui/tokens.css'
import '@kit/ui/base.css'
import '@kit/ui/focus.css'
import './console.css'
import { startLooks } from '@kit/ui/prefs.ts'
import App from './App.vue'
import { router } from './router.ts'

startLooks()
void setLanguage(firstLanguage()).then(() => {
  createApp(App).use(router).mount('#app')
})
